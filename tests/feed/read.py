"""Reads a calendar file from stdin as a program that is not ours does, and tells what it found, one event a line."""

import sys

import vobject

text = sys.stdin.buffer.read()
assert text.endswith(b"\r\n") and b"\n" not in text.replace(b"\r\n", b""), "lines end with CR LF"
assert all(len(line) <= 75 for line in text.split(b"\r\n")), "lines are folded"
calendars = list(vobject.readComponents(text.decode()))
assert len(calendars) == 1, "one calendar"
calendar = calendars[0]
# Asserts what RFC 5545 requires of each component: what there must be, and how often.
calendar.validate(raiseException=True)
uids = [event.uid.value for event in calendar.vevent_list] if "vevent" in calendar.contents else []
assert len(uids) == len(set(uids)), "a UID stands twice"
for event in calendar.contents.get("vevent", []):
    times = [moment.value.strftime("%Y-%m-%dT%H:%M:%SZ") for moment in (event.dtstart, event.dtend)]
    print(*times, event.uid.value, event.summary.value, sep="\t")
