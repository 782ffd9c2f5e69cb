// Of sign-ins that come at once, by one name or from one address, no more are verified side by side than may
// fail before there is a delay; the others wait for them. Counters are taken before a password is verified,
// so without this the fourth of many right passwords at one instant, of an office behind one address, would
// meet a lock that the first three had not yet given back. Invariants: whoever waits holds one of the hash
// pool's places, so that few wait and not for long; who guesses gains nothing: each guess still counts.
#pragma once
#include <condition_variable>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

namespace authctl::server {

class Turnstile {
 public:
  class Passage {
   public:
    Passage(Turnstile& turnstile, std::vector<std::string> keys)
        : turnstile_(turnstile), keys_(std::move(keys)) {}
    Passage(const Passage&) = delete;
    Passage& operator=(const Passage&) = delete;
    ~Passage() { turnstile_.leave(keys_); }

   private:
    Turnstile& turnstile_;
    std::vector<std::string> keys_;
  };
  // Waits until fewer than `most` are within by each of the keys.
  [[nodiscard]] Passage enter(std::vector<std::string> keys, unsigned most);

 private:
  void leave(const std::vector<std::string>& keys);

  std::mutex mutex_;
  std::condition_variable left_;
  std::unordered_map<std::string, unsigned> within_;
};

}  // namespace authctl::server
