// A stream of records, taken in batches, worked on by several threads and handed on in the order it came.
// Invariant: the batches together are the input, byte for byte; what is held at once does not grow with the
// stream, only with its longest record.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/base/byte_source.h"
#include "core/base/encoding.h"
#include "core/token/token_record.h"

namespace authctl::service {

// A token of at most 64 MiB and as much beside it as a record reasonably has.
inline constexpr std::size_t max_record_size = std::size_t{80} << 20;

struct FailedRecord {
  std::uint64_t line;
  std::string reason;
};

// What became of records. Lines of failed ones are listed up to a bound, and counted beyond it.
struct RecordTally {
  static constexpr std::size_t max_listed = 10'000;
  std::uint64_t rotated = 0, current = 0, empty = 0, failed = 0;
  std::vector<std::uint64_t> by_key;  // index: key of the ring
  std::vector<FailedRecord> failures;

  void fail(std::uint64_t line, std::string_view reason);
  void add(const RecordTally& other);
  std::uint64_t records() const { return rotated + current + empty + failed; }
};

struct RecordBatch {
  struct Record {
    std::size_t begin, size;
    std::uint64_t line;
  };
  std::string bytes;
  std::vector<Record> records;
  bool fragment = false;         // a piece of a record that is too long; its first piece has one record
  std::uint64_t end_offset = 0;  // in the input, behind this batch
  std::uint64_t next_line = 0;
  base::Bytes ivs;  // 16 bytes for each record
  std::string output;
  RecordTally tally;

  // Empty again, for the next records; keeps its room, unless a long record was in it.
  void clear();
  std::string_view text_of(const Record& record) const {
    return std::string_view(bytes).substr(record.begin, record.size);
  }
};

class RecordReader {
 public:
  RecordReader(base::ByteSource& source, token::RecordForm form) : source_(source), splitter_(form) {}
  // Where an earlier run stopped.
  void start_at(std::uint64_t offset, std::uint64_t line);
  // The first record alone: the header of a CSV file. Empty at the end of the input.
  std::string read_first();
  std::uint64_t line() const { return line_; }  // of the next record
  // False at the end of the input.
  bool next(RecordBatch& batch);

 private:
  bool fill(RecordBatch& batch);
  void cut_records(RecordBatch& batch, std::size_t begin, std::size_t& scanned);
  void finish(RecordBatch& batch, std::size_t used, std::size_t scanned);

  base::ByteSource& source_;
  token::RecordSplitter splitter_;
  std::string carry_;  // the beginning of a record
  std::size_t carry_scanned_ = 0;
  bool ended_ = false, inside_long_record_ = false;
  std::uint64_t offset_ = 0, line_ = 1;
};

class BatchWork {
 public:
  virtual ~BatchWork() = default;
  virtual void run(RecordBatch& batch) = 0;
};

struct StreamSteps {
  std::function<std::unique_ptr<BatchWork>()> make_work;  // one for each thread, on that thread
  std::function<void(RecordBatch&)> prepare;              // on the calling thread, when it was read
  std::function<void(RecordBatch&)> consume;  // on the calling thread, in order, when it was worked on
};

// The calling thread reads and hands on, and works as one of `jobs` where there is nothing of that to do.
// What a step throws ends the stream and is thrown on.
void run_stream(RecordReader& reader, unsigned jobs, const StreamSteps& steps);

}  // namespace authctl::service
