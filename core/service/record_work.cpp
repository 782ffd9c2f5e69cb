#include "core/service/record_work.h"

namespace authctl::service {
namespace {

using token::TokenPlace;

constexpr std::size_t kept_buffer = std::size_t{1} << 20;

// What a buffer held was plaintext; and one long record is no reason to hold its room for good.
void put_away(base::Bytes& buffer) {
  base::wipe(buffer.data(), buffer.size());
  if (buffer.size() > kept_buffer) buffer = {};
}

void count_key(RecordTally& tally, std::size_t key) {
  if (tally.by_key.size() <= key) tally.by_key.resize(key + 1);
  ++tally.by_key[key];
}

// Finds the token of a record that is worth a look; settles the others.
std::optional<TokenPlace> settle(RecordBatch& batch, const RecordBatch::Record& record,
                                 const token::RecordLayout& layout) {
  auto place = batch.fragment ? TokenPlace{} : find_token(batch.text_of(record), layout);
  if (batch.fragment) place.problem = "too_long";
  if (place.kind == TokenPlace::Kind::token && place.size > token::fernet_max_token) {
    place.kind = TokenPlace::Kind::bad;
    place.problem = "too_long";
  }
  switch (place.kind) {
    case TokenPlace::Kind::token:
      return place;
    case TokenPlace::Kind::empty:
      ++batch.tally.empty;
      break;
    case TokenPlace::Kind::bad:
      batch.tally.fail(record.line, place.problem);
      break;
  }
  return std::nullopt;
}

}  // namespace

void ReencryptBatch::rotate(RecordBatch& batch, const RecordBatch::Record& record, base::ByteView iv) {
  const auto text = batch.text_of(record);
  const auto place = settle(batch, record, layout_);
  if (!place) {
    batch.output += text;
    return;
  }
  const auto verdict = ring_.open(place->token_in(text), {}, buffer_);
  if (!verdict.ok()) {
    batch.tally.fail(record.line, token::word_of(*verdict.reason));
    batch.output += text;
    return;
  }
  count_key(batch.tally, verdict.key);
  if (verdict.key == 0) {
    ++batch.tally.current;
    batch.output += text;
    return;
  }
  ring_.encrypt(verdict.payload, verdict.time, iv, token_);
  ++batch.tally.rotated;
  batch.output.append(text.substr(0, place->begin))
      .append(token_)
      .append(text.substr(place->begin + place->size));
}

void ReencryptBatch::run(RecordBatch& batch) {
  batch.output.reserve(batch.bytes.size());
  for (std::size_t i = 0; i < batch.records.size(); ++i) {
    rotate(batch, batch.records[i],
           base::ByteView(batch.ivs).subspan(i * token::fernet_iv_size, token::fernet_iv_size));
  }
  if (batch.fragment && batch.records.empty()) batch.output = batch.bytes;
  put_away(buffer_);
  if (token_.size() > kept_buffer) token_ = {};
}

void CountBatch::run(RecordBatch& batch) {
  for (const auto& record : batch.records) {
    const auto place = settle(batch, record, layout_);
    if (!place) continue;
    const auto verdict = ring_.open(place->token_in(batch.text_of(record)), {}, buffer_);
    if (verdict.ok() || verdict.reason == token::FernetReason::revoked_key) {
      count_key(batch.tally, verdict.key);
      ++(verdict.key == 0 ? batch.tally.current : batch.tally.rotated);
    } else {
      batch.tally.fail(record.line, token::word_of(*verdict.reason));
    }
  }
  put_away(buffer_);
}

}  // namespace authctl::service
