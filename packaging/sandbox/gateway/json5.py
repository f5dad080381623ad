"""As much of JSON5 as people write into a config: comments, trailing commas, single quotes, bare keys, hex numbers."""

import re

TOKEN = re.compile(
    r"""(?P<skip>[\s\ufeff]+|//[^\n]*|/\*.*?\*/)|(?P<mark>[{}\[\]:,])|(?P<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')"""
    r"""|(?P<number>[+-]?(?:0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|Infinity|NaN))|(?P<word>[\w$]+)""",
    re.S,
)
ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(\r\n|.))", re.S)
SHORT = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0", "\n": "", "\r\n": ""}
WORDS = {"true": True, "false": False, "null": None}


def loads(text):
    tokens = list(_tokens(text))
    value, rest = _value(tokens, 0)
    if tokens[rest][0] != "end":
        _fail(tokens[rest])
    return value


def _tokens(text):
    at = 0
    while at < len(text):
        match = TOKEN.match(text, at)
        if not match:
            _fail(("bad", text[at], at))
        if match.lastgroup != "skip":
            yield match.lastgroup, match.group(), at
        at = match.end()
    yield "end", "end of input", at


def _fail(token):
    raise ValueError(f"SyntaxError: JSON5: invalid character '{token[1]}' at offset {token[2]}")


def _value(tokens, at):
    kind, text, _ = tokens[at]
    if text == "{":
        return _members(tokens, at + 1)
    if text == "[":
        return _items(tokens, at + 1)
    if kind == "text":
        return _unquote(text), at + 1
    if kind == "number":
        return _number(text), at + 1
    if kind == "word" and text in WORDS:
        return WORDS[text], at + 1
    return _fail(tokens[at])


def _members(tokens, at):
    found = {}
    while tokens[at][1] != "}":
        kind, text, _ = tokens[at]
        if kind not in ("text", "word", "number") or tokens[at + 1][1] != ":":
            _fail(tokens[at])
        value, at = _value(tokens, at + 2)
        found[_unquote(text) if kind == "text" else text] = value
        at = _after_comma(tokens, at, "}")
    return found, at + 1


def _items(tokens, at):
    found = []
    while tokens[at][1] != "]":
        value, at = _value(tokens, at)
        found.append(value)
        at = _after_comma(tokens, at, "]")
    return found, at + 1


def _after_comma(tokens, at, end):
    if tokens[at][1] == ",":
        return at + 1
    if tokens[at][1] != end:
        _fail(tokens[at])
    return at


def _unquote(text):
    return ESCAPE.sub(lambda m: chr(int(m[1] or m[2], 16)) if m[1] or m[2] else SHORT.get(m[3], m[3]), text[1:-1])


def _number(text):
    unsigned = text.lstrip("+-")
    if unsigned[:2] in ("0x", "0X"):
        return int(text, 16)
    return int(text) if unsigned.isdigit() else float(text)
