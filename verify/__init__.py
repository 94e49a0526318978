"""The auditor: the promises I1 to I5, checked by reading the topics afresh.

Its code shares nothing but `events` and `transport` with what it audits. To read it, begin with `run`: it
takes a consistent `cut` and starts an `audit`. That reads each topic once, `sources` what came in and
`results` what was made of it, into `tables` on disk and the sums of `book`; then it checks: `exactly_once`
I1 and I2, `replay` I3, `lineage`, `joined` and `windows` I4, `decisions` I5.
"""
