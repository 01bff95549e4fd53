// Completion scripts, made from the commands and options as they are.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace knit::cli {

// For "bash", "zsh" or "fish".
std::string completion_script(const CLI::App& app, const std::string& shell);

}  // namespace knit::cli
