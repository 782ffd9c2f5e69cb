// The shape of what a command prints, once: from it come the JSON Schema, the table's columns and the ids of
// --quiet.
#pragma once
#include <span>
#include <string_view>

namespace authctl::commands {

enum class FieldType { text, integer, number, boolean, time, strings, object, objects, any };

struct Shape;

struct Field {
  std::string_view name;  // the JSON member
  FieldType type;
  bool nullable;              // absent is null, never a missing member
  std::string_view about;     // one line, for the schema
  std::string_view title;     // the column in a table of many; empty: only in JSON and in the view of one
  const Shape* of = nullptr;  // for object and objects: what is inside
};

struct Shape {
  std::string_view name;  // "user", "permission check": a noun, or a noun and a verb
  std::string_view id;    // the member that --quiet prints; empty: nothing
  std::span<const Field> fields;
};

}  // namespace authctl::commands
