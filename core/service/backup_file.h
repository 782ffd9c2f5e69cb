// The file of a backup: a line that says what it is, a header that anyone can read, and the tables, sealed.
//
//   "authctl backup 1" LF
//   the header: one line of canonical JSON, LF
//   the head of the stream (24 bytes), then pieces of 64 KiB, each 17 bytes longer sealed
//
// The stream's key comes from the store's data key and the backup's id. The header carries that data key as
// the store holds it, wrapped by the master key; or, where a passphrase was given, sealed under a key that
// Argon2id makes of the passphrase: then the backup needs nothing else, also where the master key is lost.
// Invariant: the header is the associated data of every piece, so what it says is as trustworthy as the
// rows.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/audit/checkpoint.h"
#include "core/base/byte_source.h"
#include "core/base/clock.h"
#include "core/base/whole_file.h"
#include "core/crypto/password.h"
#include "core/crypto/sealing.h"
#include "core/crypto/secret_stream.h"
#include "core/store/data_key_repository.h"

namespace authctl::service {

struct PassphraseSlot {
  crypto::Argon2Cost cost;
  base::Bytes salt, sealed;
};

struct BackupHeader {
  std::string id;
  base::Timestamp created_at;
  int schema = 0;
  std::string schema_digest;
  std::string store_id;
  std::int64_t log_size = 0;
  std::string note;                          // the signed head of the audit log
  std::string public_key;                    // that checks it, in its text form
  std::vector<store::WrappedKey> data_keys;  // empty where there is a passphrase
  std::optional<PassphraseSlot> passphrase;

  std::string_view sealed_to() const { return passphrase ? "passphrase" : "master key"; }
};

// Of the sealed data key within a passphrase slot.
crypto::Place passphrase_place(const BackupHeader& header);

class BackupWriter {
 public:
  BackupWriter(base::WholeFile& file, const BackupHeader& header, const crypto::Sealer& data_key);
  void write(base::ByteView bytes);
  void finish();  // the last piece; the file is not published yet

 private:
  base::WholeFile& file_;
  std::optional<crypto::StreamSealer> stream_;
  base::Secret pending_;
  std::size_t used_ = 0;
  std::uint64_t synced_ = 0;
};

class BackupReader {
 public:
  // Error not_found and io for the file, unverified for anything that is no backup of ours.
  explicit BackupReader(const std::string& path);
  const BackupHeader& header() const { return header_; }
  std::uint64_t total() const { return source_.total(); }

  void open(const crypto::Sealer& data_key);
  // Fills the span. Error unverified where a piece does not open or there is less.
  void read(std::span<std::uint8_t> out);
  // Error unverified where something follows.
  void finish();

 private:
  std::string read_line(std::size_t longest);
  bool next_piece();

  base::FileSource source_;
  std::string header_line_;
  BackupHeader header_;
  std::optional<crypto::StreamOpener> stream_;
  std::string sealed_;
  base::ByteView piece_;
};

}  // namespace authctl::service
