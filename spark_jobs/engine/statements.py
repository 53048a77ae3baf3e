"""SQL text cut into statements."""

import re

# A piece of SQL in which a semicolon means nothing: quoted text, quoted names, comments. The last branch is one other character.
_PIECE = re.compile(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"|`[^`]*`|--[^\n]*|/\*.*?\*/|.", re.DOTALL)
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)


def split(text: str) -> list[str]:
    """The statements of a text, cut at semicolons outside quotes and comments; empty ones are left out."""
    statements = [""]
    for match in _PIECE.finditer(text):
        if match[0] == ";":
            statements.append("")
        else:
            statements[-1] += match[0]
    return [statement.strip() for statement in statements if _COMMENT.sub("", statement).strip()]
