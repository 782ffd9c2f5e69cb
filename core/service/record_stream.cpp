#include "core/service/record_stream.h"

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>

namespace authctl::service {
namespace {

// Input bytes that are held at once, beside the longest record.
constexpr std::size_t max_held = std::size_t{16} << 20;

struct Job {
  RecordBatch batch;
  bool taken = false, done = false;
  std::exception_ptr failure;
};

// The batches between reading and writing, oldest first.
class Line {
 public:
  explicit Line(unsigned threads) : threads_(threads) {}
  bool has_room() const { return jobs_.size() < 4 * threads_ && (jobs_.empty() || held_ < max_held); }
  bool empty() const { return jobs_.empty(); }

  void add(RecordBatch&& batch) {
    {
      const std::lock_guard lock(mutex_);
      held_ += batch.bytes.size();
      jobs_.push_back(std::make_unique<Job>());
      jobs_.back()->batch = std::move(batch);
    }
    work_.notify_one();
  }

  std::unique_ptr<Job> take_oldest_done() {
    std::unique_lock lock(mutex_);
    done_.wait(lock, [&] { return jobs_.front()->done; });
    auto job = std::move(jobs_.front());
    jobs_.pop_front();
    held_ -= job->batch.bytes.size();
    return job;
  }

  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    work_.notify_all();
  }

  void serve(BatchWork& work) {
    while (Job* job = take_next()) {
      try {
        work.run(job->batch);
      } catch (...) {
        job->failure = std::current_exception();
      }
      const std::lock_guard lock(mutex_);
      job->done = true;
      done_.notify_one();
    }
  }

 private:
  Job* take_next() {
    std::unique_lock lock(mutex_);
    for (;;) {
      if (closed_) return nullptr;
      for (const auto& job : jobs_) {
        if (job->taken) continue;
        job->taken = true;
        return job.get();
      }
      work_.wait(lock);
    }
  }

  const unsigned threads_;
  std::mutex mutex_;
  std::condition_variable work_, done_;
  std::deque<std::unique_ptr<Job>>
      jobs_;  // has_room() and empty() are asked by the one thread that changes it
  std::size_t held_ = 0;
  bool closed_ = false;
};

void run_alone(RecordReader& reader, const StreamSteps& steps) {
  const auto work = steps.make_work();
  RecordBatch batch;
  while (reader.next(batch)) {
    steps.prepare(batch);
    work->run(batch);
    steps.consume(batch);
  }
}

// Ends and awaits its threads whichever way it goes.
class Crew {
 public:
  Crew(Line& line, unsigned count, const StreamSteps& steps) : line_(line) {
    for (unsigned i = 0; i < count; ++i) works_.push_back(steps.make_work());
    for (auto& work : works_) threads_.emplace_back([this, &work] { line_.serve(*work); });
  }
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;
  ~Crew() {
    line_.close();
    for (auto& thread : threads_) thread.join();
  }

 private:
  Line& line_;
  std::vector<std::unique_ptr<BatchWork>> works_;
  std::vector<std::thread> threads_;
};

}  // namespace

void run_stream(RecordReader& reader, unsigned jobs, const StreamSteps& steps) {
  if (jobs <= 1) return run_alone(reader, steps);
  Line line(jobs);
  Crew crew(line, jobs, steps);
  bool more = true;
  while (more || !line.empty()) {
    while (more && line.has_room()) {
      RecordBatch batch;
      more = reader.next(batch);
      if (!more) break;
      steps.prepare(batch);
      line.add(std::move(batch));
    }
    if (line.empty()) break;
    const auto job = line.take_oldest_done();
    if (job->failure) std::rethrow_exception(job->failure);
    steps.consume(job->batch);
  }
}

}  // namespace authctl::service
