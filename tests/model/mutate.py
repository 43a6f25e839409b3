"""Puts one bug into a source file.

usage: mutate.py SOURCE OUT FROM TO [FROM TO ...]

Each FROM must be in the file exactly once, or this fails: a bug that is not put
in proves nothing.
"""

import sys


def main(source, out, *changes):
    with open(source, encoding="utf-8") as file:
        text = file.read()
    for old, new in zip(changes[::2], changes[1::2]):
        if text.count(old) != 1:
            sys.exit(f"{source}: {text.count(old)} times, not once:\n{old}")
        text = text.replace(old, new)
    with open(out, "w", encoding="utf-8") as file:
        file.write(text)


if __name__ == "__main__":
    main(*sys.argv[1:])
