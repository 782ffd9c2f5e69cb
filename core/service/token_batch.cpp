#include "core/service/token_batch.h"

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>

#include "core/base/thread.h"
#include "core/service/line_reader.h"

namespace authctl::service {
namespace {

constexpr std::size_t block_bytes = 64 * 1024;
constexpr unsigned blocks_for_each_job = 4;

// The judgement of one token; the store may still change its reason.
struct Judged {
  std::optional<token::Reason> reason;
  std::optional<TokenSubject> subject;  // where it is valid so far and a store is to be asked
  std::size_t end = 0;                  // of its members in Block::rest
};

struct Block {
  LineBlock lines;
  BatchMoment moment;
  std::vector<Judged> judged;
  std::string rest;  // "alg":…,"kid":…,"type":…,"claims":…} of each token, one after the other
  std::exception_ptr failure;
  bool done = false;
};

void append_text(std::string& out, std::string_view name, std::string_view value, bool present) {
  out.append(",\"").append(name).append("\":");
  out += present ? base::json::serialize(base::json::string_view(value)) : "null";
}

// The members after `reason`, as token::verdict_json() has them.
void append_rest(std::string& out, const token::Verdict& verdict) {
  append_text(out, "alg", verdict.alg, !verdict.alg.empty());
  append_text(out, "kid", verdict.kid, !verdict.kid.empty());
  append_text(out, "type", verdict.type, !verdict.type.empty());
  out += ",\"claims\":";
  out += verdict.claims ? base::json::serialize(*verdict.claims) : "null";
  out += "}\n";
}

// A verifier for the keys of the block before, or a new one where they are others.
class FollowingVerifier {
 public:
  explicit FollowingVerifier(const token::Expectations& expectations) : expectations_(expectations) {}

  token::Verdict verify(std::string_view text, const BatchMoment& moment) {
    if (keys_ != moment.keys) {
      verifier_.emplace(moment.keys, expectations_);
      keys_ = moment.keys;
    }
    return verifier_->verify(text, moment.now);
  }

 private:
  const token::Expectations& expectations_;
  std::shared_ptr<const token::KeySet> keys_;
  std::optional<token::Verifier> verifier_;
};

void judge(Block& block, FollowingVerifier& verifier, const BatchRequest& request) {
  std::size_t begin = 0;
  for (const std::size_t end : block.lines.ends) {
    const auto line = std::string_view(block.lines.text).substr(begin, end - begin);
    begin = end;
    const auto verdict = verifier.verify(line, block.moment);
    Judged judged{.reason = verdict.reason, .subject = {}, .end = 0};
    if (verdict.ok() && request.store_refusal) judged.subject = subject_of(verdict);
    append_rest(block.rest, verdict);
    judged.end = block.rest.size();
    block.judged.push_back(std::move(judged));
  }
}

// Blocks in, in any order done, taken out again by whoever put them in.
class Workers {
 public:
  Workers(const BatchRequest& request) : request_(request) {
    base::start_threads(threads_, request.jobs, [this] { work(); });
  }
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;
  ~Workers() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    arrived_.notify_all();
    for (auto& thread : threads_) thread.join();
  }

  void submit(Block& block) {
    {
      const std::lock_guard lock(mutex_);
      waiting_.push_back(&block);
    }
    arrived_.notify_one();
  }
  void wait_for(const Block& block) {
    std::unique_lock lock(mutex_);
    finished_.wait(lock, [&] { return block.done; });
  }

 private:
  void work() {
    FollowingVerifier verifier(request_.expectations);
    std::unique_lock lock(mutex_);
    for (;;) {
      arrived_.wait(lock, [&] { return closed_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      Block& block = *waiting_.front();
      waiting_.pop_front();
      lock.unlock();
      try {
        judge(block, verifier, request_);
      } catch (...) {
        block.failure = std::current_exception();
      }
      lock.lock();
      block.done = true;
      finished_.notify_one();
    }
  }

  const BatchRequest& request_;
  std::mutex mutex_;
  std::condition_variable arrived_, finished_;
  std::deque<Block*> waiting_;
  bool closed_ = false;
  std::vector<std::thread> threads_;
};

void write_block(const Block& block, std::ostream& out, const BatchRequest& request, BatchCount& count) {
  if (block.failure) std::rethrow_exception(block.failure);
  std::string text;
  std::size_t begin = 0;
  for (const auto& judged : block.judged) {
    auto reason = judged.reason;
    if (!reason && judged.subject) reason = request.store_refusal(*judged.subject, block.moment.now);
    text += reason ? "{\"valid\":false,\"reason\":\"" : "{\"valid\":true,\"reason\":null";
    if (reason) text.append(token::word_of(*reason)).append("\"");
    text.append(block.rest, begin, judged.end - begin);
    begin = judged.end;
    ++count.tokens;
    if (reason) ++count.invalid;
  }
  out.write(text.data(), static_cast<std::streamsize>(text.size()));
  if (!out)
    throw base::Error(base::ErrorCode::io, "cannot write to standard output",
                      "look whether there is room, and who reads it");
}
}  // namespace

BatchCount verify_batch(std::istream& in, std::ostream& out, const BatchRequest& request) {
  BatchCount count;
  LineReader reader(in, request.expectations.max_bytes, block_bytes);
  std::deque<Block> under_way;  // before the workers: they must end before what they work on
  Workers workers(request);
  bool more = true;
  while (more || !under_way.empty()) {
    if (request.interrupted && request.interrupted()) {
      throw base::Error(base::ErrorCode::interrupted, "interrupted");
    }
    if (more && under_way.size() < request.jobs * blocks_for_each_job) {
      Block& block = under_way.emplace_back();
      more = reader.next(block.lines);
      if (more) {
        block.moment = request.moment();
        workers.submit(block);
      } else {
        under_way.pop_back();
      }
      continue;
    }
    workers.wait_for(under_way.front());
    write_block(under_way.front(), out, request, count);
    under_way.pop_front();
  }
  out.flush();
  return count;
}

}  // namespace authctl::service
