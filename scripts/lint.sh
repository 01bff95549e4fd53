# shellcheck shell=bash
# Rules, format, shellcheck and the short clang-tidy list.

cxx_files() { git ls-files '*.cc' '*.h' | grep -v '^build/'; }

dev_format() {
  need_packages "${TEST_PACKAGES[@]}"
  cxx_files | xargs clang-format-16 -i
}

# What the last commit changed, or what differs from KNIT_LINT_BASE; everything with `./dev lint --all`, as CI does, in
# some 7 minutes.
changed_sources() {
  local base="${KNIT_LINT_BASE:-HEAD~1}"
  if [ "${1:-}" != --all ] && git rev-parse -q --verify "$base" >/dev/null; then
    git diff --name-only --diff-filter=d "$base" -- 'src/*.cc'
  else
    git ls-files 'src/*.cc'
  fi | grep -vE '_(test|fuzz)\.cc$|^src/python/' || true  # build/release has no Python
}

dev_lint() {
  need_packages "${BUILD_PACKAGES[@]}" "${TEST_PACKAGES[@]}"
  "$PYTHON" tools/tidy/rules.py
  shellcheck dev .ci/run scripts/*.sh tools/dist/*.sh tools/dist/zig-tool
  cxx_files | xargs clang-format-16 --dry-run -Werror
  [ -f build/release/compile_commands.json ] || build_preset release
  local files
  mapfile -t files < <(changed_sources "$@")
  [ ${#files[@]} = 0 ] || printf '%s\n' "${files[@]}" | xargs -P2 -n4 clang-tidy-16 -p build/release --quiet 2>"$LOGS/tidy.log"
  echo "dev: lint is clean"
}
