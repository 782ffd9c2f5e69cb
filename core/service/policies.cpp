#include "core/service/policies.h"

#include "core/base/error.h"
#include "core/crypto/password_weakness.h"

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

crypto::Argon2Cost argon2_cost(const base::Settings& settings) {
  using Ceilings = crypto::PasswordCeilings;
  crypto::Argon2Cost cost;
  cost.memory_kib =
      static_cast<std::uint32_t>(in_range(settings, "password_memory_kib", 8, Ceilings::argon2_memory_kib));
  cost.passes = static_cast<std::uint32_t>(in_range(settings, "password_passes", 1, Ceilings::argon2_passes));
  if (!crypto::is_safe_cost(cost))
    throw base::Error{base::ErrorCode::invalid,
                      "password_memory_kib of " + std::to_string(cost.memory_kib) +
                          " with password_passes of " + std::to_string(cost.passes) +
                          " is below the least that is safe: 19456 with 2, or 47104 with 1",
                      "authctl password calibrate --target 250ms"};
  return cost;
}

}  // namespace

PasswordPolicy password_policy(const base::Settings& settings) {
  PasswordPolicy policy;
  // SP 800-63B-4 section 3.1.1.2: never below 8.
  policy.rules.least =
      static_cast<std::size_t>(in_range(settings, "password_min", 8, crypto::longest_password));
  policy.rules.least_single =
      static_cast<std::size_t>(in_range(settings, "password_min_single", 8, crypto::longest_password));
  policy.rules.classes = settings.boolean("password_classes");
  policy.rules.words = settings.list("password_words");
  policy.cost = argon2_cost(settings);
  return policy;
}

credential::LockoutPolicy lockout_policy(const base::Settings& settings) {
  return {in_range(settings, "lockout_threshold", 1, INT64_MAX), settings.duration("lockout_base"),
          settings.duration("lockout_max")};
}

void check_policies(const base::Settings& settings) {
  static_cast<void>(password_policy(settings));
  static_cast<void>(lockout_policy(settings));
}

SignInPolicy sign_in_policy(const base::Settings& settings) {
  return {lockout_policy(settings), password_policy(settings).cost, settings.text("auth_log")};
}

}  // namespace authctl::service
