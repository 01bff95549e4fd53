#include "cli/completion.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <vector>

namespace knit::cli {
namespace {

// Command path ("", "run", "fs put") -> the words that may follow.
using Words = std::map<std::string, std::vector<std::string>>;

void collect(const CLI::App& app, const std::string& path, const std::vector<std::string>& global,
             Words& out) {
  auto& words = out[path];
  for (const auto* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    words.push_back(sub->get_name());
    collect(*sub, path.empty() ? sub->get_name() : path + " " + sub->get_name(), global, out);
  }
  for (const auto* option : app.get_options()) {
    for (const auto& name : option->get_lnames()) words.push_back("--" + name);
  }
  if (!path.empty()) words.insert(words.end(), global.begin(), global.end());
}

Words words_of(const CLI::App& app) {
  std::vector<std::string> global;
  for (const auto* option : app.get_options()) {
    for (const auto& name : option->get_lnames()) {
      if (name != "help" && name != "version") global.push_back("--" + name);
    }
  }
  Words out;
  collect(app, "", global, out);
  return out;
}

std::string bash_script(const Words& words) {
  std::string out = R"(# bash completion for knit: source it, or put it into /etc/bash_completion.d/knit
_knit() {
  local current="${COMP_WORDS[COMP_CWORD]}" path="" word
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in
      --) COMPREPLY=(); return ;;
      -*) ;;
      *) case "$path $word" in
)";
  for (const auto& [path, unused] : words) {
    if (!path.empty()) {
      const auto space = path.rfind(' ');
      const bool nested = space != std::string::npos;
      out += fmt::format("        '{} {}') path='{}' ;;\n", nested ? path.substr(0, space) : "",
                         nested ? path.substr(space + 1) : path, path);
    }
  }
  out += "      esac ;;\n    esac\n  done\n  case \"$path\" in\n";
  for (const auto& [path, following] : words) {
    out += fmt::format("    '{}') COMPREPLY=($(compgen -W '{}' -- \"$current\")) ;;\n", path,
                       fmt::join(following, " "));
  }
  out +=
      "  esac\n  [ ${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- \"$current\"))\n}\ncomplete -F "
      "_knit knit\n";
  return out;
}

std::string zsh_script(const Words& words) {
  return "#compdef knit\nautoload -U +X bashcompinit && bashcompinit\n" + bash_script(words);
}

std::string fish_script(const Words& words) {
  std::string out = "# fish completion for knit: put it into ~/.config/fish/completions/knit.fish\n";
  for (const auto& [path, following] : words) {
    std::string condition = "__fish_use_subcommand";
    if (!path.empty()) {
      std::vector<std::string> parts;
      std::size_t begin = 0;
      while (begin <= path.size()) {
        const auto end = std::min(path.find(' ', begin), path.size());
        parts.push_back("__fish_seen_subcommand_from " + path.substr(begin, end - begin));
        begin = end + 1;
      }
      condition = fmt::format("{}", fmt::join(parts, "; and "));
    }
    for (const auto& word : following) {
      if (word.starts_with("--")) {
        out += fmt::format("complete -c knit -n '{}' -l '{}'\n", condition, word.substr(2));
      } else {
        out += fmt::format("complete -c knit -n '{}' -a '{}'\n", condition, word);
      }
    }
  }
  return out;
}

}  // namespace

std::string completion_script(const CLI::App& app, const std::string& shell) {
  const auto words = words_of(app);
  if (shell == "bash") return bash_script(words);
  if (shell == "zsh") return zsh_script(words);
  return fish_script(words);
}

}  // namespace knit::cli
