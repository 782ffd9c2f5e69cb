#include "commands/output.h"

namespace authctl::commands {

Output Output::one(const Shape& shape, base::json::object data) {
  Output output;
  output.kind = Kind::one;
  output.shape = &shape;
  output.data = std::move(data);
  return output;
}

Output Output::many(const Shape& shape, NextRow next) {
  Output output;
  output.kind = Kind::many;
  output.shape = &shape;
  output.next = std::move(next);
  return output;
}

Output Output::many(const Shape& shape, base::json::array rows) {
  auto held = std::make_shared<base::json::array>(std::move(rows));
  return many(shape, [held, i = std::size_t{0}]() mutable -> std::optional<base::json::object> {
    if (i == held->size()) return std::nullopt;
    return std::move((*held)[i++].as_object());
  });
}

Output Output::bytes(std::string payload, const Shape& shape, base::json::object data) {
  Output output = one(shape, std::move(data));
  output.kind = Kind::bytes;
  output.payload = std::move(payload);
  return output;
}

Output Output::bytes(std::string payload, const Shape& shape, MakeData make_data) {
  Output output = bytes(std::move(payload), shape, base::json::object());
  output.make_data = std::move(make_data);
  return output;
}

}  // namespace authctl::commands
