// What kill -9 leaves behind, at a call of one's choice: a connection whose process ends at its n-th call to
// the store.
#pragma once
#include <csignal>
#include <memory>
#include <utility>

#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/stores.h"

namespace authctl::test {

enum class Dies { before, after };  // the call reaches the store, or does not

class DyingDatabase final : public store::Database {
 public:
  DyingDatabase(std::unique_ptr<store::Database> inner, int at, Dies when = Dies::before)
      : inner_(std::move(inner)), at_(at), when_(when) {}
  using Database::execute;
  using Database::query;
  store::Engine engine() const override { return inner_->engine(); }
  std::unique_ptr<store::Rows> query(std::string_view sql, std::span<const store::Value> values) override {
    return around([&] { return inner_->query(sql, values); });
  }
  std::int64_t execute(std::string_view sql, std::span<const store::Value> values) override {
    return around([&] { return inner_->execute(sql, values); });
  }
  void run_script(std::string_view sql) override {
    around([&] { return inner_->run_script(sql), 0; });
  }
  void begin() override {
    around([&] { return inner_->begin(), 0; });
  }
  void begin_read() override {
    around([&] { return inner_->begin_read(), 0; });
  }
  void commit() override {
    around([&] { return inner_->commit(), 0; });
  }
  void rollback() noexcept override { inner_->rollback(); }
  void savepoint(std::string_view name) override {
    around([&] { return inner_->savepoint(name), 0; });
  }
  void release(std::string_view name) override {
    around([&] { return inner_->release(name), 0; });
  }
  void rollback_to(std::string_view name) override {
    around([&] { return inner_->rollback_to(name), 0; });
  }

 private:
  template <class Call>
  std::invoke_result_t<Call> around(Call call) {
    const bool now = ++calls_ == at_;
    if (now && when_ == Dies::before) ::kill(::getpid(), SIGKILL);
    auto result = call();
    if (now && when_ == Dies::after) ::kill(::getpid(), SIGKILL);
    return result;
  }
  std::unique_ptr<store::Database> inner_;
  int at_, calls_ = 0;
  Dies when_;
};

// Runs `work` in a child: true where it came to its end, false where it was killed. It must not throw.
template <class Work>
bool survives(Work work) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    try {
      work();
    } catch (...) {
      ::_exit(1);
    }
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE((WIFSIGNALED(status) || WEXITSTATUS(status) == 0));
  return WIFEXITED(status);
}

}  // namespace authctl::test
