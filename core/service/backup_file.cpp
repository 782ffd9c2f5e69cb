#include "core/service/backup_file.h"

#include <algorithm>
#include <cstring>

#include "core/base/error.h"
#include "core/base/json.h"

namespace authctl::service {
namespace {

using base::Error;
using base::ErrorCode;
using base::json::object;

constexpr std::string_view first_line = "authctl backup 1";
constexpr std::size_t piece_size = 65536;
constexpr std::size_t longest_header = 1 << 20;
// On disk in portions: one great sync in the end would stop everybody else's for as long as it takes.
constexpr std::uint64_t synced_at_once = 4 << 20;

[[noreturn]] void refuse(const std::string& why) {
  throw Error(ErrorCode::unverified, why, "take another copy of the backup: this one cannot be trusted");
}

base::Secret stream_key(const BackupHeader& header, const crypto::Sealer& data_key) {
  return data_key.derive("backup " + header.id);
}

base::Bytes context_of(std::string_view line) {
  const auto view = base::bytes_of(line);
  return {view.begin(), view.end()};
}

std::string format_header(const BackupHeader& header) {
  base::json::array data_keys;
  for (const auto& key : header.data_keys) {
    data_keys.push_back(object{{"master_key", key.master_key_id},
                               {"generation", key.generation},
                               {"wrapped", base::encode_base64(key.wrapped)}});
  }
  object json{{"id", header.id},
              {"created_at", base::to_unix_millis(header.created_at)},
              {"schema", header.schema},
              {"schema_digest", header.schema_digest},
              {"store", header.store_id},
              {"log_size", header.log_size},
              {"note", header.note},
              {"public_key", header.public_key},
              {"data_keys", std::move(data_keys)},
              {"passphrase", nullptr}};
  if (header.passphrase) {
    json["passphrase"] = object{{"memory_kib", header.passphrase->cost.memory_kib},
                                {"passes", header.passphrase->cost.passes},
                                {"salt", base::encode_base64(header.passphrase->salt)},
                                {"sealed", base::encode_base64(header.passphrase->sealed)}};
  }
  return base::canonical_json(json);
}

base::Bytes bytes_member(const object& json, std::string_view name) {
  auto bytes = base::decode_base64(json.at(name).as_string());
  if (!bytes) refuse("its header is damaged");
  return std::move(*bytes);
}

std::string text_member(const object& json, std::string_view name) {
  return std::string(json.at(name).as_string());
}

// Boost.JSON's at() and as_…() throw for what is missing or of another kind; that is "damaged" to us.
BackupHeader read_header(const object& json) {
  BackupHeader header;
  header.id = text_member(json, "id");
  header.created_at = base::from_unix_millis(json.at("created_at").as_int64());
  header.schema = static_cast<int>(json.at("schema").as_int64());
  header.schema_digest = text_member(json, "schema_digest");
  header.store_id = text_member(json, "store");
  header.log_size = json.at("log_size").as_int64();
  header.note = text_member(json, "note");
  header.public_key = text_member(json, "public_key");
  for (const auto& held : json.at("data_keys").as_array()) {
    const auto& key = held.as_object();
    header.data_keys.push_back({text_member(key, "master_key"), key.at("generation").as_int64(),
                                bytes_member(key, "wrapped"), false});
  }
  if (const auto* slot = json.at("passphrase").if_object()) {
    header.passphrase = PassphraseSlot{{.memory_kib = slot->at("memory_kib").to_number<std::uint32_t>(),
                                        .passes = slot->at("passes").to_number<std::uint32_t>(),
                                        .lanes = 1},
                                       bytes_member(*slot, "salt"),
                                       bytes_member(*slot, "sealed")};
  }
  return header;
}

BackupHeader parse_header(std::string_view line) {
  const auto json = base::parse_json(line, {.max_bytes = longest_header, .max_depth = 8});
  if (!json || !json->is_object()) refuse("its header is damaged");
  try {
    return read_header(json->get_object());
  } catch (const Error&) {
    throw;
  } catch (const std::exception&) {
    refuse("its header is damaged");
  }
}

std::string_view chars_of(base::ByteView bytes) { return base::text_of(bytes); }

}  // namespace

crypto::Place passphrase_place(const BackupHeader& header) { return {"backup", "data_key", header.id}; }

BackupWriter::BackupWriter(base::WholeFile& file, const BackupHeader& header, const crypto::Sealer& data_key)
    : file_(file), pending_(base::Secret::zeroed(piece_size)) {
  const std::string line = format_header(header);
  stream_.emplace(stream_key(header, data_key), context_of(line));
  file_.append(std::string(first_line) + '\n' + line + '\n');
  file_.append(chars_of(stream_->head()));
}

void BackupWriter::write(base::ByteView bytes) {
  while (!bytes.empty()) {
    if (used_ == piece_size) {
      file_.append(chars_of(stream_->seal(pending_.reveal(), false)));
      used_ = 0;
      if (file_.size() - synced_ >= synced_at_once) {
        file_.sync();
        synced_ = file_.size();
      }
    }
    const auto n = std::min(bytes.size(), piece_size - used_);
    std::memcpy(pending_.writable().data() + used_, bytes.data(), n);
    used_ += n;
    bytes = bytes.subspan(n);
  }
}

void BackupWriter::finish() {
  file_.append(chars_of(stream_->seal(pending_.reveal().first(used_), true)));
  used_ = 0;
}

BackupReader::BackupReader(const std::string& path) : source_(path) {
  if (read_line(first_line.size()) != first_line) refuse("it is no backup of authctl");
  header_line_ = read_line(longest_header);
  header_ = parse_header(header_line_);
}

// Byte by byte, so that what follows stays in the source: two lines, once a file.
std::string BackupReader::read_line(std::size_t longest) {
  std::string line;
  for (char c = 0; source_.read({&c, 1}) == 1;) {
    if (c == '\n') return line;
    if (line.size() == longest) break;
    line += c;
  }
  refuse("it is no backup of authctl");
}

void BackupReader::open(const crypto::Sealer& data_key) {
  std::string head(crypto::stream_head_size, '\0');
  if (!source_.read_fully(head)) refuse("it is cut short");
  stream_.emplace(stream_key(header_, data_key), base::bytes_of(head), context_of(header_line_));
}

bool BackupReader::next_piece() {
  sealed_.resize(piece_size + crypto::stream_piece_overhead);
  std::size_t size = 0;
  while (size < sealed_.size()) {
    const auto n = source_.read(std::span(sealed_).subspan(size));
    if (n == 0) break;
    size += n;
  }
  if (size == 0) return false;
  if (stream_->at_end()) refuse("something follows its end");
  piece_ = stream_->open(base::bytes_of(std::string_view(sealed_).substr(0, size)));
  return true;
}

void BackupReader::read(std::span<std::uint8_t> out) {
  while (!out.empty()) {
    if (piece_.empty()) {
      if (stream_->at_end() || !next_piece()) refuse("it is cut short");
      continue;
    }
    const auto n = std::min(out.size(), piece_.size());
    std::memcpy(out.data(), piece_.data(), n);
    piece_ = piece_.subspan(n);
    out = out.subspan(n);
  }
}

void BackupReader::finish() {
  if (!piece_.empty() || next_piece()) refuse("something follows its end");
  if (!stream_->at_end()) refuse("it is cut short");
}

}  // namespace authctl::service
