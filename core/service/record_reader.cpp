#include "core/service/record_stream.h"

#include "core/base/error.h"

namespace authctl::service {
namespace {
constexpr std::size_t block_size = 256 * 1024;
constexpr std::size_t max_header_size = 1 << 20;
constexpr std::size_t kept_room = 4 * block_size;

void empty(std::string& text) {
  if (text.capacity() > kept_room)
    text = {};
  else
    text.clear();
}
}  // namespace

void RecordBatch::clear() {
  empty(bytes);
  empty(output);
  records.clear();
  ivs.clear();
  tally = {};
  fragment = false;
  end_offset = next_line = 0;
}

void RecordTally::fail(std::uint64_t line, std::string_view reason) {
  ++failed;
  if (failures.size() < max_listed) failures.push_back({line, std::string(reason)});
}

void RecordTally::add(const RecordTally& other) {
  rotated += other.rotated;
  current += other.current;
  empty += other.empty;
  failed += other.failed;
  if (by_key.size() < other.by_key.size()) by_key.resize(other.by_key.size());
  for (std::size_t i = 0; i < other.by_key.size(); ++i) by_key[i] += other.by_key[i];
  for (const auto& failure : other.failures) {
    if (failures.size() < max_listed) failures.push_back(failure);
  }
}

void RecordReader::start_at(std::uint64_t offset, std::uint64_t line) {
  offset_ = offset;
  line_ = line;
}

// One more block behind what the batch holds; false at the end of the input.
bool RecordReader::fill(RecordBatch& batch) {
  const std::size_t held = batch.bytes.size();
  batch.bytes.resize(held + block_size);
  const std::size_t count = source_.read({batch.bytes.data() + held, block_size});
  batch.bytes.resize(held + count);
  if (count == 0) ended_ = true;
  return count != 0;
}

void RecordReader::cut_records(RecordBatch& batch, std::size_t begin, std::size_t& scanned) {
  while (const auto end = splitter_.next_end(batch.bytes, scanned)) {
    batch.records.push_back({begin, *end - begin, line_});
    line_ += splitter_.take_lines();
    begin = scanned = *end;
  }
  scanned = batch.bytes.size();
}

// `used` bytes are the batch; the rest begins the next one.
void RecordReader::finish(RecordBatch& batch, std::size_t used, std::size_t scanned) {
  carry_.assign(batch.bytes, used, std::string::npos);
  carry_scanned_ = scanned - used;
  batch.bytes.resize(used);
  offset_ += used;
  batch.end_offset = offset_;
  batch.next_line = line_;
}

std::string RecordReader::read_first() {
  RecordBatch batch;
  std::size_t scanned = 0;
  for (;;) {
    const auto end = splitter_.next_end(batch.bytes, scanned);
    scanned = end ? *end : batch.bytes.size();
    if (end || (!end && ended_)) break;
    if (scanned > max_header_size)
      throw base::Error(base::ErrorCode::invalid, "the header record is too long",
                        "a line of column names, separated by commas");
    fill(batch);
  }
  line_ += splitter_.take_lines();
  carry_.assign(batch.bytes, scanned, std::string::npos);
  carry_scanned_ = 0;
  batch.bytes.resize(scanned);
  offset_ += scanned;
  return std::move(batch.bytes);
}

bool RecordReader::next(RecordBatch& batch) {
  batch.clear();
  batch.bytes.swap(carry_);
  std::size_t scanned = carry_scanned_;
  carry_scanned_ = 0;
  const bool first_block = batch.bytes.empty() || scanned == batch.bytes.size();
  if (first_block && !ended_) fill(batch);
  for (;;) {
    if (inside_long_record_) {
      const auto end = splitter_.next_end(batch.bytes, scanned);
      const std::size_t used = end ? *end : batch.bytes.size();
      if (end) line_ += splitter_.take_lines();
      inside_long_record_ = !end;
      batch.fragment = true;
      finish(batch, used, used);
      return used != 0;
    }
    cut_records(batch, 0, scanned);
    if (!batch.records.empty()) {
      const auto& last = batch.records.back();
      finish(batch, last.begin + last.size, scanned);
      return true;
    }
    if (batch.bytes.size() > max_record_size) {
      batch.fragment = inside_long_record_ = true;
      batch.records.push_back({0, batch.bytes.size(), line_});
      finish(batch, batch.bytes.size(), scanned);
      return true;
    }
    if (ended_ || !fill(batch)) break;
  }
  if (batch.bytes.empty()) return false;
  batch.records.push_back({0, batch.bytes.size(), line_});  // the last one, without a line ending
  line_ += splitter_.take_lines() + 1;
  finish(batch, batch.bytes.size(), batch.bytes.size());
  return true;
}

}  // namespace authctl::service
