// YAML 1.2 from outside (libyaml's events), read into a tree whose nodes know their lines; JSON is YAML too.
// Invariant: what is read means what a person sees: no anchors and aliases (so no bombs), no tags, no second
// document, no member twice, bounded in size, depth and number of nodes. Scalars stay texts; who reads a
// member decides what it is.
#pragma once
#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace authctl::base {

struct YamlLimits {
  std::size_t max_bytes = 32 << 20;
  std::size_t max_depth = 16;
  std::size_t max_nodes = 2'000'000;
};

struct YamlMember;

struct YamlNode {
  enum class Kind { scalar, list, map };
  Kind kind = Kind::scalar;
  bool quoted = false;  // a scalar in quotes or a block: always a text
  std::size_t line = 0;
  std::string text;                 // of a scalar
  std::vector<YamlNode> items;      // of a list
  std::vector<YamlMember> members;  // of a map, in their order

  // YAML 1.2 section 10.3.2. Nothing else is more than a text: `no`, `on` and `0o17` mean what they look
  // like.
  bool is_null() const {
    return kind == Kind::scalar && !quoted &&
           (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL");
  }
  bool is_true() const { return is_plain({"true", "True", "TRUE"}); }
  bool is_false() const { return is_plain({"false", "False", "FALSE"}); }

 private:
  bool is_plain(std::initializer_list<std::string_view> words) const {
    return kind == Kind::scalar && !quoted && std::find(words.begin(), words.end(), text) != words.end();
  }
};

struct YamlMember {
  std::string name;
  std::size_t line = 0;
  YamlNode value;
};

// Error invalid whose message begins with the line.
YamlNode parse_yaml(std::string_view text, const YamlLimits& limits = {});

// A text as a YAML scalar: as it is where every reader takes that for the same text, else in double quotes.
std::string yaml_scalar(std::string_view text);

}  // namespace authctl::base
