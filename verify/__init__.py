"""The auditor: the promises I1 to I5, checked by reading the topics afresh.

Its code shares nothing but `events` and `transport` with what it audits.
"""
