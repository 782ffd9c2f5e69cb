// Many tokens, a line each, verified on several cores and answered in the order in which they came.
// Invariant: what is held in memory is bounded by the number of blocks under way, whatever the length of the
// input or of a line; signatures are checked by the workers, each with contexts of its own, and the store is
// asked by the calling thread alone; a batch that goes on for hours follows the clock and the keys.
#pragma once
#include <cstdint>
#include <functional>
#include <istream>
#include <memory>
#include <ostream>

#include "core/service/token_check.h"

namespace authctl::service {

// What the tokens of one block are judged by.
struct BatchMoment {
  std::shared_ptr<const token::KeySet> keys;
  base::Timestamp now;
};

struct BatchRequest {
  // Asked once a block was read, so that no token is older than the moment by which it is judged.
  std::function<BatchMoment()> moment;
  token::Expectations expectations;
  unsigned jobs = 1;
  // Asked for each token that is otherwise valid; empty where there is no store.
  std::function<std::optional<token::Reason>(const TokenSubject&, base::Timestamp)> store_refusal;
  std::function<bool()> interrupted;
};

struct BatchCount {
  std::uint64_t tokens = 0;
  std::uint64_t invalid = 0;
};

// Reads up to the end of `in`, a token a line; writes {valid reason alg kid type claims} a line.
BatchCount verify_batch(std::istream& in, std::ostream& out, const BatchRequest& request);

}  // namespace authctl::service
