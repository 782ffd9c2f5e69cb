// Permissions and resources: what may be asked for, and the patterns over them that a grant holds.
// Invariant: a Permission or Resource exists only where its text is well formed; nothing is mapped, trimmed
// or folded. A text is segments apart by a separator (`:` or `.` in a permission, `/` in a resource). `*` is
// a whole segment and stands for any one; a last `*` stands for one or more. Separators are part of the name:
// `read.posts` is another permission than `read:posts`. A question may hold `*` too: it asks for all that the
// pattern covers.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace authctl::service {

// Each allows everything, on whatever resource its grant covers.
inline constexpr std::string_view everything = "admin:all", every_permission = "*";

// 1–128 of `a-z 0-9 : . _ - *`; one segment is enough, an empty one is refused.
class Permission {
 public:
  static std::optional<Permission> parse(std::string_view text);
  explicit Permission(std::string_view text);  // Error invalid
  const std::string& text() const { return text_; }
  bool operator==(const Permission&) const = default;

 private:
  struct Checked {};
  Permission(Checked, std::string_view text) : text_(text) {}
  std::string text_;
};

// `kind/id`, 3–256 bytes: kind of `a-z 0-9 . _ -`, id one or more segments of `A-Z a-z 0-9 . _ : @ + = , ~
// -`. No `.` or `..` segment and no `%`, which another program might read as another resource. `*` alone is
// `*/*`.
class Resource {
 public:
  static std::optional<Resource> parse(std::string_view text);
  explicit Resource(std::string_view text);  // Error invalid
  const std::string& text() const { return text_; }
  bool operator==(const Resource&) const = default;

 private:
  struct Checked {};
  Resource(Checked, std::string_view text) : text_(text) {}
  std::string text_;
};

// 1–64 of `a-z 0-9 . _ @ + ' -`, first a letter or digit, as user names are: folded to lower case, anything
// else is refused. Error invalid.
std::string parse_role_name(std::string_view text);

// The empty option of --on is "no resource"; so is the empty text in a stored grant or assignment.
std::optional<Resource> parse_resource_option(const std::string& text);

// Does the pattern cover all that is asked for? Both are well-formed texts of permissions.
bool permission_covers(std::string_view pattern, std::string_view asked);
// The same, and `admin:all` covers everything.
bool grant_allows(std::string_view granted, std::string_view asked);

// Stored resources: an empty pattern covers every resource and the question without one; any other covers
// only what it matches, never the question without a resource (empty `asked`).
bool resource_covers(std::string_view pattern, std::string_view asked);
// What both cover; nothing where they have nothing in common. Empty: every resource.
std::optional<std::string> intersect_resources(std::string_view a, std::string_view b);

// Every stored text that could allow what is asked, for point lookups: 3·2^(k−1) for k segments, and
// `admin:all`. Nothing where there are more than `most`; then the grants have to be read.
std::optional<std::vector<std::string>> granting_permissions(std::string_view asked, std::size_t most = 48);
// The same for resources; the first is always the empty one.
std::optional<std::vector<std::string>> covering_resources(std::string_view asked, std::size_t most = 48);

}  // namespace authctl::service
