"""Contract mode (`pleiade up --contract`), for the SDK's own test-suite, whose ids exist nowhere.

It answers unknown ids with schema-valid fixtures once production code has judged the request, and says so in
a header; it knows no engine and no table.
"""
