// Who fetched the key set since it was last written down: noted by the threads that answer, taken by the
// feed, which writes it to the store in passing. Invariant: at most `most` networks are kept, whoever asks;
// more are forgotten until the next writing.
#pragma once
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/store/jwks_reader_repository.h"

namespace authctl::server {

class JwksReaders {
 public:
  void note(const std::string& address, base::Timestamp now);
  std::vector<store::JwksReader> take();

 private:
  static constexpr std::size_t most = 4096;
  std::mutex mutex_;
  std::unordered_map<std::string, base::Timestamp> latest_;  // by address
};

}  // namespace authctl::server
