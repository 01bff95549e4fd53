#!/usr/bin/env python3
"""The house rules that a compiler does not check. Prints each breach as FILE:LINE: text and exits 1 if there is one.

Include directions come from modules.txt; exceptions, each with its reason, from exceptions.txt.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
MAX_FILE = 500
MAX_FUNCTION = 70
MAX_TABLE = 120
FACADE = {"client.h"}

# pattern, where it may stand (path prefixes under src/), what is wrong
WORDS = [
    (r"#include <boost/asio/(?!awaitable\.hpp)", ["io/", "http/"], "Asio beyond awaitable belongs to io and http"),
    (r"#include <boost/asio/awaitable\.hpp", ["io/", "http/"], "use io::Task"),
    (r"#include <boost/beast", ["http/"], "Beast belongs to http"),
    (r"#include <google/protobuf|\.pb\.h\"", ["rpc/", "yarn/", "hdfs/"], "protobuf belongs to rpc, yarn and hdfs"),
    (r"\bco_spawn\b", ["io/spawn.cc", "io/loop.cc"], "start background work with io::TaskGroup"),
    (r"asio::detached\b", [], "background work has an owner: io::TaskGroup"),
    (r"awaitable_operators", [], "set deadlines with io::run_until"),
    (r"\bgetenv\b|\benviron\b", ["conf/environment"], "only conf reads the environment"),
    (r"\bParse(Partial)?From(String|Array|ZeroCopy|Coded|Istream)?\w*\(", ["rpc/decode.h", "hdfs/packet.cc", "hdfs/transfer.cc"], "decode with rpc::decode"),
    (r"#include <pugixml", ["conf/"], "only conf parses XML"),
    (r"#include <yaml-cpp", ["client/site_file"], "only the site's file is YAML"),
    (r"\b(TODO|FIXME|XXX)\b", [], "finish it, or write an issue"),
    (r"\busing namespace std;", [], "spell std::"),
    (r"#include <iostream>", ["cli/"], "only cli writes to the terminal"),
]


def read_modules():
    allowed = {}
    levels = {}
    for line in (ROOT / "tools/tidy/modules.txt").read_text().splitlines():
        match = re.match(r"(\d) (\w+)\s*:(.*)", line)
        if match:
            allowed[match[2]] = set(match[3].split())
            levels[match[2]] = int(match[1])
    for name, others in allowed.items():
        for other in others - {"facade"}:
            if levels[other] >= levels[name]:
                yield_error(f"tools/tidy/modules.txt:1: {name} may not include {other}: not a lower level")
    return allowed


def read_exceptions():
    exceptions = {}
    for line in (ROOT / "tools/tidy/exceptions.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            path, reason = line.split(None, 1)
            exceptions[path] = reason
    return exceptions


breaches = []


def yield_error(text):
    breaches.append(text)


def check_includes(module, path, number, line, allowed):
    match = re.match(r'#include "(\w+)/', line)
    if match and match[1] in allowed and match[1] != module and match[1] not in allowed[module]:
        yield_error(f"{path}:{number}: {module} may not include {match[1]} (tools/tidy/modules.txt)")
    match = re.match(r"#include <knit/([\w./]+)>", line)
    if match and match[1] in FACADE and module not in {"api", "cli", "python"}:
        yield_error(f"{path}:{number}: the facade <knit/{match[1]}> is for api, cli and python")


def check_words(path, inside, number, line):
    code = line.split("//")[0] if not line.lstrip().startswith("//") else ""
    for pattern, places, what in WORDS:
        text = line if "TODO" in pattern else code
        if re.search(pattern, text) and not any(inside.startswith(place) for place in places):
            yield_error(f"{path}:{number}: {what}")


def check_functions(path, lines):
    """A function at namespace level ends with a brace in the first column. A test may be a table."""
    most = MAX_TABLE if path.name.endswith("_test.cc") else MAX_FUNCTION
    start = None
    for number, line in enumerate(lines, 1):
        if re.match(r"(namespace|struct|class|enum|union|template|using|#|extern \"C\" \{)", line):
            start = None
        elif re.match(r"[A-Za-z_~].*[({,]$", line) and start is None:
            start = number
        if line.startswith("}"):
            if start is not None and number - start + 1 > most:
                yield_error(f"{path}:{start}: function of {number - start + 1} lines (at most {most})")
            start = None


def check_file(path, allowed):
    relative = path.relative_to(ROOT)
    lines = path.read_text(errors="replace").splitlines()
    if len(lines) > MAX_FILE:
        yield_error(f"{relative}:1: {len(lines)} lines (at most {MAX_FILE})")
    if path.suffix in {".cc", ".h"}:
        check_functions(relative, lines)
    if relative.parts[0] != "src":
        return
    module = relative.parts[1]
    is_test = path.name.endswith(("_test.cc", "_fuzz.cc"))
    for number, line in enumerate(lines, 1):
        check_includes(module, relative, number, line, allowed)
        if not is_test:
            check_words(relative, str(relative.relative_to("src")), number, line)


def main():
    allowed = read_modules()
    exceptions = read_exceptions()
    files = [p for top in ("src", "include", "python", "examples", "tests", "bench", "tools") for p in sorted((ROOT / top).rglob("*"))
             if p.suffix in {".cc", ".h", ".py", ".sh"}]
    for path in files:
        check_file(path, allowed)
    for module in allowed:
        folder = ROOT / "src" / module
        if folder.is_dir() and any(folder.iterdir()) and not (folder / "README.md").exists():
            yield_error(f"src/{module}:1: no README.md")
    kept = [b for b in breaches if b.split(":")[0] not in exceptions]
    print("\n".join(kept) if kept else f"house rules: {len(files)} files, no breach")
    return 1 if kept else 0


if __name__ == "__main__":
    sys.exit(main())
