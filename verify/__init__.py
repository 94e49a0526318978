"""The auditor: the promises I1–I5, checked by reading the topics afresh. Shares only `events` with what writes."""
