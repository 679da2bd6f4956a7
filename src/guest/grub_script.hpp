// GRUB's shell-like language, "The list of commands" and "Writing full configuration files directly" of its manual:
// taken apart into commands, not run.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <imgport/error.hpp>

namespace imgport {

// Part of a word: text, or a variable to put in its place.
struct GrubPiece {
    std::string text;  // the text, or the variable's name
    bool variable = false;
    bool quoted = false;  // inside quotes: an empty value still makes a word
};
using GrubWord = std::vector<GrubPiece>;

struct GrubCommand;
using GrubBlock = std::vector<GrubCommand>;

// One arm of an "if": its condition and what it runs. The condition of "else" is empty.
struct GrubArm {
    GrubBlock condition;
    GrubBlock body;
};

// A simple command, with a body where it is a "menuentry", "submenu" or "function"; or an "if" where it has arms.
struct GrubCommand {
    std::vector<GrubWord> words = {};
    std::uint64_t line = 0;
    GrubBlock body = {};
    std::vector<GrubArm> arms = {};
};

// Loops are passed over. Nesting beyond 32 levels is an error, and so is what grub-script-check refuses: blocks and
// quotes that do not close, blocks without a command, reserved words where none belongs, a shell's redirections.
Result<GrubBlock> parse_grub_script(std::string_view text);

}  // namespace imgport
