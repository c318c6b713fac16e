"""Markdown as `docs_tests` reads it: blocks of code and comments on them, spans of code, links, headings."""

import re
import shlex
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MARK = re.compile(r"<!-- riffle: (.+?) -->")


def documents():
    """Every page that people read."""
    found = [ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md")), *sorted(ROOT.glob("pipelines/*/README.md"))]
    return {path.relative_to(ROOT): path.read_text() for path in found}


class Block:
    def __init__(self, language, line, mark):
        self.language, self.line, self.mark = language, line, mark
        self.lines = []
        # The block before this one, if only blank lines and a mark lie between them.
        self.previous = None

    @property
    def text(self):
        return "\n".join(self.lines) + "\n"


def blocks(text):
    """The fenced blocks of a page, indented ones, too."""
    found, block, mark, fence, adjacent = [], None, None, None, None
    for number, line in enumerate(text.splitlines(), 1):
        opened = re.match(r"( *)```(\w*)\s*$", line)
        if block is None and opened:
            fence = len(opened[1])
            block = Block(opened[2], number, mark)
            block.previous = adjacent
        elif block is not None and line.strip() == "```":
            found.append(block)
            block, mark, adjacent = None, None, found[-1]
        elif block is not None:
            block.lines.append(line[fence:] if line[:fence].isspace() else line)
        elif line.strip():
            said = MARK.fullmatch(line.strip())
            mark = said[1] if said else None
            adjacent = adjacent if said else None
    if block is not None:
        raise ValueError(f"line {block.line}: a block that is never closed")
    return found


def without_blocks(text):
    """The page's prose, a line for a line."""
    inside, lines = False, []
    for line in text.splitlines():
        if re.match(r" *```", line):
            inside = not inside
            lines.append("")
        else:
            lines.append("" if inside else line)
    return "\n".join(lines)


def spans(text):
    """Code within prose: pairs of line and text."""
    for number, line in enumerate(without_blocks(text).splitlines(), 1):
        for found in re.finditer(r"`([^`]+)`", line):
            yield number, found[1]


def links(text):
    """Targets of links: pairs of line and target."""
    for number, line in enumerate(without_blocks(text).splitlines(), 1):
        for found in re.finditer(r"\]\(([^)\s]+)\)", re.sub(r"`[^`]*`", "", line)):
            yield number, found[1]


def anchors(text):
    """What headings can be linked to by, as GitHub makes it."""
    found = set()
    for line in without_blocks(text).splitlines():
        heading = re.match(r"#{1,6} (.+)", line)
        if heading:
            plain = re.sub(r"[`*]|\[([^]]*)\]\([^)]*\)", lambda match: match[1] or "", heading[1]).strip().lower()
            found.add(re.sub(r"[^\w\- ]", "", plain).replace(" ", "-"))
    return found


def command_lines(text):
    """The lines of a shell text, continued ones joined."""
    return re.sub(r"(\||&&) *\n\s*", r"\1 ", re.sub(r"\\\n\s*", " ", text)).splitlines()


def commands(text):
    """The simple commands of a shell text, each a list of words, without comments."""
    for line in command_lines(text):
        lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;<>")
        lexer.whitespace_split = True
        words = []
        for word in [*lexer, ";"]:
            if word and set(word) <= set("|&;"):
                if words:
                    yield words
                words = []
            else:
                words.append(word)


def sections(text):
    """A pipeline's top-level keys, each with its lines."""
    found, key = {}, None
    for line in text.splitlines():
        top = re.match(r"([a-z_]+):", line)
        if top:
            key = top[1]
            found[key] = []
        if key is not None:
            found[key].append(line)
    return found
