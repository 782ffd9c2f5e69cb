// What a command hands to the presenter: data with its shape, and how it ended. No command prints anything
// itself.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "commands/shape.h"
#include "core/base/error.h"
#include "core/base/json.h"

namespace authctl::commands {

using base::json::value;

// Rows one after the other, for lists that need not fit in memory.
using NextRow = std::function<std::optional<base::json::object>()>;

struct Output {
  enum class Kind { nothing, one, many, bytes };

  // One thing: `create`, `show`, `update`, `check`.
  static Output one(const Shape& shape, base::json::object data);
  // A list.
  static Output many(const Shape& shape, NextRow next);
  static Output many(const Shape& shape, base::json::array rows);
  // A payload that is printed as it is in every mode but JSON: a token, a PEM file, plaintext. In JSON mode
  // `data` is printed instead.
  static Output bytes(std::string payload, const Shape& shape, base::json::object data);
  // The same for a long payload: `make_data` is called in JSON mode only, with the payload.
  using MakeData = std::function<base::json::object(std::string_view payload)>;
  static Output bytes(std::string payload, const Shape& shape, MakeData make_data);
  static Output nothing() { return {}; }

  Output& with_exit(int status) {
    exit_status = status;
    return *this;
  }
  // What a person reads in place of the generic view of one thing; already safe to print line by line.
  Output& with_view(std::string text) {
    view = std::move(text);
    return *this;
  }
  // What is printed is the account of a failure: the error follows it, and gives the exit status.
  Output& with_error(base::Error failure) {
    error = std::move(failure);
    return *this;
  }
  // Standard error, in every output mode: warnings, "nothing changed".
  Output& with_notice(std::string text) {
    notices.push_back(std::move(text));
    return *this;
  }

  Kind kind = Kind::nothing;
  const Shape* shape = nullptr;
  base::json::object data;
  NextRow next;
  std::string payload;
  MakeData make_data;
  std::optional<std::string> view;
  std::vector<std::string> notices;
  std::optional<base::Error> error;
  int exit_status = 0;
};

}  // namespace authctl::commands
