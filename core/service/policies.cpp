#include "core/service/policies.h"

#include "core/base/error.h"

namespace authctl::service {
namespace {

std::int64_t in_range(const base::Settings& settings, std::string_view name, std::uint64_t least,
                      std::uint64_t most) {
  const auto value = settings.integer(name);
  if (value < 0 || static_cast<std::uint64_t>(value) < least || static_cast<std::uint64_t>(value) > most)
    throw base::Error{base::ErrorCode::invalid,
                      "the setting " + std::string(name) + " is out of its range, " + std::to_string(least) +
                          " to " + std::to_string(most),
                      "authctl config show --origin"};
  return value;
}

}  // namespace

PasswordPolicy password_policy(const base::Settings& settings) {
  using Ceilings = crypto::PasswordCeilings;
  PasswordPolicy policy;
  // SP 800-63B-4 section 3.1.1.2: never below 8.
  policy.rules.least =
      static_cast<std::size_t>(in_range(settings, "password_min", 8, crypto::longest_password));
  policy.rules.least_single =
      static_cast<std::size_t>(in_range(settings, "password_min_single", 8, crypto::longest_password));
  policy.rules.classes = settings.boolean("password_classes");
  policy.cost.memory_kib = static_cast<std::uint32_t>(
      in_range(settings, "password_memory_kib", 8 * 1024, Ceilings::argon2_memory_kib));
  policy.cost.passes =
      static_cast<std::uint32_t>(in_range(settings, "password_passes", 1, Ceilings::argon2_passes));
  return policy;
}

credential::LockoutPolicy lockout_policy(const base::Settings& settings) {
  return {in_range(settings, "lockout_threshold", 1, INT64_MAX), settings.duration("lockout_base"),
          settings.duration("lockout_max")};
}

SignInPolicy sign_in_policy(const base::Settings& settings) {
  return {lockout_policy(settings), password_policy(settings).cost, settings.text("auth_log")};
}

}  // namespace authctl::service
