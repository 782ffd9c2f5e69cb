// Renders an Output: a table or lines for people, JSON, JSON lines, or the ids alone. The one place that
// knows how results look; commands only say what they are (commands/shape.h). Invariant: in text, everything
// from outside passes printable(); a list of any length is written as it comes.
#pragma once
#include <optional>
#include <string>

#include "cli/terminal.h"
#include "commands/output.h"

namespace authctl::cli {

enum class Format { table, json, jsonl };

struct Style {
  Format format = Format::table;
  bool quiet = false;
  bool colour = false;
  std::optional<base::Timestamp> now = {};  // set: how long ago a time is stands beside it
  std::string pager = {};      // the program that shows what is longer than the terminal; empty: none
  bool strict_shapes = false;  // data that departs from its shape is an Error internal
};

void present(commands::Output& output, const Console& console, const Style& style);

}  // namespace authctl::cli
