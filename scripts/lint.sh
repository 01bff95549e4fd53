# Rules, format and the short clang-tidy list.

cxx_files() { git ls-files '*.cc' '*.h' | grep -v '^build/'; }

dev_format() {
  need_packages "${TEST_PACKAGES[@]}"
  cxx_files | xargs clang-format-16 -i
}

# Files that differ from what has landed before, or all where that is unknown.
changed_sources() {
  local base="${KNIT_LINT_BASE:-}"
  if [ -n "$base" ] && git rev-parse -q --verify "$base" >/dev/null; then
    git diff --name-only --diff-filter=d "$base" -- 'src/*.cc'
  else
    git ls-files 'src/*.cc'
  fi | grep -vE '_(test|fuzz)\.cc$' || true
}

dev_lint() {
  need_packages "${BUILD_PACKAGES[@]}" "${TEST_PACKAGES[@]}"
  python3 tools/tidy/rules.py
  cxx_files | xargs clang-format-16 --dry-run -Werror
  [ -f build/release/compile_commands.json ] || build_preset release
  local files
  mapfile -t files < <(changed_sources)
  [ ${#files[@]} = 0 ] || printf '%s\n' "${files[@]}" | xargs -P2 -n4 clang-tidy-16 -p build/release --quiet 2>"$LOGS/tidy.log"
  echo "dev: lint is clean"
}
