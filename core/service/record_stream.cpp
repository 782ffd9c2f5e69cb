#include "core/service/record_stream.h"

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>

#include "core/base/thread.h"

namespace authctl::service {
namespace {

// Input bytes that are held at once, beside the longest record.
constexpr std::size_t max_held = std::size_t{16} << 20;

struct Job {
  RecordBatch batch;
  bool taken = false, done = false;
  std::exception_ptr failure;
};

// Makes its work on its own thread, with the first batch: what is allocated there shares no cache line with
// what another thread writes to. A cipher's context that does costs a stream a third of its speed.
class Worker {
 public:
  explicit Worker(const StreamSteps& steps) : steps_(steps) {}
  void run(RecordBatch& batch) {
    if (!work_) work_ = steps_.make_work();
    work_->run(batch);
  }

 private:
  const StreamSteps& steps_;
  std::unique_ptr<BatchWork> work_;
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

  // Nothing while the oldest is still worked on, or there is none.
  std::unique_ptr<Job> take_oldest_if_done() {
    const std::lock_guard lock(mutex_);
    if (jobs_.empty() || !jobs_.front()->done) return nullptr;
    auto job = std::move(jobs_.front());
    jobs_.pop_front();
    held_ -= job->batch.bytes.size();
    return job;
  }

  void await_oldest() {
    std::unique_lock lock(mutex_);
    done_.wait(lock, [&] { return jobs_.front()->done; });
  }

  // Memory that is given back to the system and asked for again for each batch costs threads each other's
  // time.
  RecordBatch take_spare() {
    if (spares_.empty()) return {};
    auto batch = std::move(spares_.back());
    spares_.pop_back();
    return batch;
  }
  void put_spare(RecordBatch&& batch) {
    batch.clear();
    spares_.push_back(std::move(batch));
  }

  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    work_.notify_all();
  }

  // Until the line is closed.
  void serve(Worker& worker) {
    while (Job* job = await_untaken()) do_job(*job, worker);
  }

  // False where every batch is taken.
  bool serve_one(Worker& worker) {
    Job* job = nullptr;
    {
      const std::lock_guard lock(mutex_);
      job = take_untaken();
    }
    if (job != nullptr) do_job(*job, worker);
    return job != nullptr;
  }

 private:
  void do_job(Job& job, Worker& worker) {
    try {
      worker.run(job.batch);
    } catch (...) {
      job.failure = std::current_exception();
    }
    const std::lock_guard lock(mutex_);
    job.done = true;
    done_.notify_one();
  }

  Job* await_untaken() {
    std::unique_lock lock(mutex_);
    for (;;) {
      if (closed_) return nullptr;
      if (Job* job = take_untaken()) return job;
      work_.wait(lock);
    }
  }

  Job* take_untaken() {
    for (const auto& job : jobs_) {
      if (job->taken) continue;
      job->taken = true;
      return job.get();
    }
    return nullptr;
  }

  const unsigned threads_;
  std::mutex mutex_;
  std::condition_variable work_, done_;
  std::deque<std::unique_ptr<Job>>
      jobs_;                         // has_room() and empty() are asked by the one thread that changes it
  std::vector<RecordBatch> spares_;  // of that thread alone
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
    base::start_threads(threads_, count, [this, &steps] {
      Worker worker(steps);
      line_.serve(worker);
    });
  }
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;
  ~Crew() {
    line_.close();
    for (auto& thread : threads_) thread.join();
  }

 private:
  Line& line_;
  std::vector<std::thread> threads_;
};

}  // namespace

void run_stream(RecordReader& reader, unsigned jobs, const StreamSteps& steps) {
  if (jobs <= 1) return run_alone(reader, steps);
  Line line(jobs);
  Worker self(steps);
  Crew crew(line, jobs - 1, steps);
  bool more = true;
  while (more || !line.empty()) {
    if (const auto job = line.take_oldest_if_done()) {
      if (job->failure) std::rethrow_exception(job->failure);
      steps.consume(job->batch);
      line.put_spare(std::move(job->batch));
    } else if (more && line.has_room()) {
      auto batch = line.take_spare();
      more = reader.next(batch);
      if (!more) continue;
      steps.prepare(batch);
      line.add(std::move(batch));
    } else if (!line.serve_one(self)) {
      line.await_oldest();
    }
  }
}

}  // namespace authctl::service
