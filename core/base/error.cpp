#include "core/base/error.h"

#include <array>

namespace authctl::base {
namespace {
constexpr std::array<ErrorKind, 12> kinds{{
    {ErrorCode::internal, "internal", 1, 500},
    {ErrorCode::io, "io", 1, 500},
    {ErrorCode::usage, "usage", 2, 400},
    {ErrorCode::invalid, "invalid", 2, 422},
    {ErrorCode::not_found, "not_found", 3, 404},
    {ErrorCode::denied, "denied", 4, 403},
    {ErrorCode::locked, "locked", 4, 401},
    {ErrorCode::conflict, "conflict", 5, 409},
    {ErrorCode::precondition, "precondition", 5, 409},
    {ErrorCode::unverified, "unverified", 7, 500},
    {ErrorCode::unavailable, "unavailable", 8, 503},
    {ErrorCode::interrupted, "interrupted", 130, 503},
}};
}  // namespace

std::span<const ErrorKind> error_kinds() { return kinds; }
const ErrorKind& kind_of(ErrorCode code) { return kinds[static_cast<std::size_t>(code)]; }

}  // namespace authctl::base
