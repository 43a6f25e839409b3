"""Storage uses only SQL that PostgreSQL-compatible distributed databases take too.

docs/databases.md says which databases, and why each of these is not used.
"""

import os
import pathlib
import re
import unittest

import junit

# What -> a word of it, as it would stand in a statement.
FORBIDDEN = {
    "notifications": r"\b(LISTEN|UNLISTEN|NOTIFY|pg_notify)\b",
    "advisory locks": r"\bpg_(try_)?advisory\w*",
    "table locks": r"\bLOCK\s+(TABLE\b|\w+\s+IN\b)",
    "row locks that wait, or are weaker": r"\bFOR\s+(SHARE|KEY\s+SHARE|NO\s+KEY\s+UPDATE)\b"
                                          r"|\bFOR\s+UPDATE\b(?!\s+SKIP\s+LOCKED\b)|\bNOWAIT\b",
    "triggers, functions, extensions, rules": r"\bCREATE\s+(OR\s+REPLACE\s+)?"
                                              r"(TRIGGER|FUNCTION|PROCEDURE|EXTENSION|RULE)\b",
    "sequences": r"\b\w+\s+(BIG|SMALL)?SERIAL\s*(,|\)|NOT\b|PRIMARY\b)|\bnextval\b"
                 r"|\bCREATE\s+SEQUENCE\b|\bIDENTITY\b",
    "temporary, unlogged and partitioned tables": r"\b(TEMP|TEMPORARY|UNLOGGED)\s+TABLE\b"
                                                  r"|\bPARTITION\s+(BY|OF)\b|\bTABLESPACE\b",
    "arrays but in parameters, which FROM unnest makes rows": r"\bARRAY\b|\bANY\s*\("
                                                              r"|\b(CREATE|ALTER)\b[^;]*\[\]"
                                                              r"|(?<!FROM )\bunnest\b",
    "JSON and ranges": r"\bJSONB?\b|\bINT8RANGE\b",
    "casts by ::": r"::\s*[a-z]",
    "system columns and catalogs": r"\b(ctid|xmin|xmax|tableoid)\b|\bpg_catalog\b|\bpg_class\b",
    "the server's clock": r"\bnow\s*\(|\bCURRENT_(TIMESTAMP|TIME|DATE)\b|\bclock_timestamp\b",
    "foreign keys and exclusion": r"\bFOREIGN\s+KEY\b|\bREFERENCES\b|\bEXCLUDE\s+USING\b",
    "index methods": r"\bUSING\s+(GIN|GIST|BRIN|HASH|BTREE)\b|\bCONCURRENTLY\b",
    "conflicts by constraint": r"\bON\s+CONSTRAINT\b|\bMERGE\s+INTO\b",
    "cursors, COPY, two phases, savepoints": r"\bDECLARE\s+\w+\s+CURSOR\b|\bCOPY\s+\w+\s+(FROM|TO)\b"
                                             r"|\bPREPARE\s+TRANSACTION\b|\bSAVEPOINT\b",
    "other dialects of matching": r"\bILIKE\b|\bSIMILAR\s+TO\b|\s~\*?\s",
    "emptying whole tables": r"\bTRUNCATE\b|\bVACUUM\b",
}

LITERAL = re.compile(r'R"(\w*)\((?P<raw>.*?)\)\1"|"(?P<plain>(?:[^"\\\n]|\\.)*)"', re.DOTALL)
SQL = re.compile(r"\b(SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|DROP|WITH|LISTEN|NOTIFY|LOCK)\b")


def literals(source):
    """The strings in C++ source, those side by side as one."""
    source = re.sub(r"//[^\n]*", "", source)
    texts, end = [], None
    for found in LITERAL.finditer(source):
        text = found["raw"] if found["raw"] is not None else found["plain"]
        if end is not None and source[end:found.start()].strip() == "":
            texts[-1] += text
        else:
            texts.append(text)
        end = found.end()
    return texts


def faults(source):
    """What in C++ source is not portable: (what, statement)."""
    return [(what, text) for text in literals(source) if SQL.search(text)
            or re.match(r"\s*FOR\s+UPDATE", text)
            for what, pattern in FORBIDDEN.items() if re.search(pattern, text, re.IGNORECASE)]


class PortableSql(unittest.TestCase):
    def test_no_statement_uses_what_is_not_portable(self):
        sources = [pathlib.Path(path) for path in os.environ["CHANCERY_BINARIES"].split()]
        self.assertGreater(len(sources), 5)
        statements = 0
        for source in sources:
            text = source.read_text()
            statements += sum(1 for literal in literals(text) if SQL.search(literal))
            self.assertEqual(faults(text), [], source)
        self.assertGreater(statements, 20)

    def test_it_would_notice(self):
        for statement in ('"LISTEN changes"', '"SELECT pg_advisory_xact_lock($1)"',
                          '"SELECT a FROM t " "WHERE b = 1 " "FOR UPDATE"',
                          '" FOR UPDATE NOWAIT"', 'R"(CREATE TABLE t (a SERIAL))"',
                          '"SELECT $1::bytea"', '"DELETE FROM t WHERE at < now()"',
                          '"SELECT a FROM t WHERE a = ANY(ARRAY[1])"',
                          '"CREATE TABLE t (a BIGINT[])"', '"SELECT unnest(a) FROM t"',
                          '"INSERT INTO t VALUES (1) ON CONFLICT ON CONSTRAINT c DO NOTHING"'):
            self.assertTrue(faults(f"f({statement});"), statement)
        for statement in ('"SELECT a FROM t FOR UPDATE SKIP LOCKED"',
                          '"INSERT INTO t VALUES ($1) ON CONFLICT (a) DO NOTHING RETURNING a"',
                          '"SELECT a FROM unnest(CAST($1 AS BYTEA[])) AS t (a)"',
                          '"a URL such as http://[::1]/ ~ and ::name"',
                          '// "LISTEN changes"'):
            self.assertEqual(faults(f"f({statement}\n);"), [], statement)


if __name__ == "__main__":
    junit.main()
