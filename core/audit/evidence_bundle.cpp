#include "core/audit/evidence_bundle.h"

#include <filesystem>
#include <fstream>
#include <set>

#include "core/audit/evidence_fields.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include "core/crypto/digest_stream.h"

namespace authctl::audit {
namespace {

using base::json::object;
using base::json::value;

constexpr std::size_t longest_evidence = 1 << 22;
constexpr std::size_t longest_line = 1 << 20;
constexpr std::size_t at_once = 1 << 16;

object parsed(std::string_view bytes, const std::string& what) {
  auto json = base::parse_json(bytes, {longest_evidence, 32});
  if (!json || !json->is_object()) evidence_altered(what + " is no JSON object");
  return std::move(json->as_object());
}

struct Manifest {
  std::int64_t first_seq = 0, last_seq = 0;
  Frontier before;
  Checkpoint checkpoint;
  std::vector<EvidenceFile> files;
};

EvidenceFile file_from(const value& json) {
  if (!json.is_object()) evidence_altered("the manifest names what is no file");
  const auto& members = json.as_object();
  const auto digest = evidence_hash(evidence_text(members, "sha256", "a file"));
  EvidenceFile file{evidence_text(members, "name", "a file"), evidence_number(members, "bytes", "a file"),
                    digest.value_or(Hash{})};
  if (!digest || file.name.find('/') != std::string::npos)
    evidence_altered("the manifest names what is no file");
  return file;
}

Manifest manifest_from(const object& json, const VerifierKey& key) {
  const std::string what = "the manifest";
  if (evidence_text(json, "format", what) != evidence_format)
    throw EvidenceProblem{LogVerdict::unverifiable,
                          "the bundle is of a format that this program does not know"};
  Manifest manifest;
  manifest.first_seq = evidence_number(json, "first_seq", what);
  manifest.last_seq = evidence_number(json, "last_seq", what);
  const auto before = base::decode_base64(evidence_text(json, "before", what));
  auto tree = before && manifest.first_seq > 0
                  ? Frontier::parse(static_cast<std::uint64_t>(manifest.first_seq - 1), *before)
                  : std::nullopt;
  if (!tree) evidence_altered("the manifest does not say what came before its first entry");
  manifest.before = std::move(*tree);
  manifest.checkpoint = check_checkpoint(evidence_text(json, "checkpoint", what), key, "the checkpoint");
  for (const auto& file : evidence_member(json, "files", base::json::kind::array, what).as_array())
    manifest.files.push_back(file_from(file));
  return manifest;
}

class Bundle {
 public:
  Bundle(std::string folder, const VerifierKey& key, Verification& result)
      : folder_(std::move(folder)), key_(key), result_(result) {}

  void check() {
    const auto names = names_there();
    if (!names.contains("evidence.json")) evidence_altered("evidence.json is missing");
    read_manifest();
    for (const auto& file : manifest_.files)
      if (!names.contains(file.name)) evidence_altered(file.name + " is missing");
    if (names.contains("entries.jsonl")) check_entries();
    for (const auto& file : manifest_.files) check_file(file);
    if (names.size() != manifest_.files.size() + 1)
      evidence_altered("there is a file that is none of the bundle: " + stranger(names));
    check_incidents();
  }

 private:
  std::string path(const std::string& name) const { return folder_ + "/" + name; }

  std::set<std::string> names_there() const {
    std::set<std::string> names;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder_, error)) {
      const auto name = entry.path().filename().string();
      if (!std::filesystem::is_regular_file(entry.symlink_status()))
        evidence_altered(base::quote(name) + " is no regular file");
      names.insert(name);
    }
    if (error)
      throw base::Error(base::ErrorCode::io, "cannot read " + base::quote(folder_) + ": " + error.message());
    return names;
  }

  std::string stranger(const std::set<std::string>& names) const {
    for (const auto& name : names) {
      const auto known = [&](const EvidenceFile& file) { return file.name == name; };
      if (name != "evidence.json" && std::ranges::none_of(manifest_.files, known)) return base::quote(name);
    }
    return "one is named twice";
  }

  void read_manifest() {
    const auto bytes = base::read_file(path("evidence.json"), longest_evidence);
    const std::string what = "evidence.json";
    const auto whole = parsed(bytes, what);
    const auto& manifest = evidence_member(whole, "manifest", base::json::kind::object, what);
    const auto proof =
        check_proof(evidence_member(whole, "proof", base::json::kind::object, what).as_object(), key_,
                    "evidence.json: the proof");
    const auto detail = parsed(evidence_text(proof.record, "detail", what), what);
    const auto digest = crypto::sha256(base::bytes_of(base::canonical_json(manifest)));
    if (evidence_text(proof.record, "action", what) != "incident.report" ||
        evidence_text(detail, "evidence_sha256", what) != base::encode_base64(digest))
      evidence_altered("evidence.json: the manifest is not the one that entry " + std::to_string(proof.seq) +
                       " tells of");
    if (evidence_text(whole, "public_key", what) != format_verifier_key(key_))
      evidence_altered("evidence.json: the public key in it is not the one it was signed with");
    if (receipt_text(whole) != bytes)
      evidence_altered("evidence.json: its bytes are not those that were written");
    manifest_ = manifest_from(manifest.as_object(), key_);
    result_.size = static_cast<std::int64_t>(manifest_.checkpoint.size);
    result_.root = manifest_.checkpoint.root;
  }

  // Before the digests of the files: it says which entry it is.
  void check_entries() {
    std::ifstream in(path("entries.jsonl"), std::ios::binary);
    Frontier tree = manifest_.before;
    std::string line;
    for (std::int64_t seq = manifest_.first_seq; seq <= manifest_.last_seq; ++seq) {
      if (!next_line(in, line))
        evidence_altered("entries.jsonl ends before entry " + std::to_string(seq), seq);
      tree.append(leaf_of(line, seq));
      ++result_.entries;
    }
    if (next_line(in, line))
      evidence_altered("entries.jsonl goes on behind entry " + std::to_string(manifest_.last_seq));
    if (tree.size() != manifest_.checkpoint.size || tree.root() != manifest_.checkpoint.root)
      evidence_altered("entries.jsonl: the entries do not give the tree that was signed");
  }

  static bool next_line(std::istream& in, std::string& line) {
    line.clear();
    for (int c = in.get(); c != std::istream::traits_type::eof(); c = in.get()) {
      if (c == '\n') return true;
      line += static_cast<char>(c);
      if (line.size() > longest_line) evidence_altered("entries.jsonl has a line that is too long");
    }
    return !line.empty();
  }

  Hash leaf_of(const std::string& line, std::int64_t seq) {
    const std::string what = "entries.jsonl, entry " + std::to_string(seq);
    const auto json = base::parse_json(line);
    if (!json || !json->is_object()) evidence_altered(what + " is no JSON object", seq);
    const auto& members = json->as_object();
    const auto& entry = evidence_member(members, "entry", base::json::kind::object, what).as_object();
    if (const auto there = evidence_number(entry, "seq", what); there != seq) {
      if (there > seq) evidence_altered(what + " is missing", seq);
      evidence_altered(what + " is not where it belongs", seq);
    }
    const auto leaf = evidence_hash(evidence_text(members, "leaf", what));
    if (!leaf) evidence_altered(what + " has no leaf", seq);
    const auto* record = members.if_contains("record");
    if (!record || !(record->is_null() || record->is_string()))
      evidence_altered(what + " has no record", seq);
    if (record->is_string() && hash_leaf(base::bytes_of(std::string_view(record->as_string()))) != *leaf)
      evidence_altered(what + " was altered", seq);
    if (base::canonical_json(*json) != line) evidence_altered(what + " was altered", seq);
    return *leaf;
  }

  void check_file(const EvidenceFile& file) {
    std::ifstream in(path(file.name), std::ios::binary);
    crypto::DigestStream digest;
    std::vector<char> buffer(at_once);
    std::int64_t bytes = 0;
    while (in.read(buffer.data(), static_cast<std::streamsize>(buffer.size())) || in.gcount() > 0) {
      digest.add(base::bytes_of(std::string_view(buffer.data(), static_cast<std::size_t>(in.gcount()))));
      bytes += in.gcount();
    }
    if (in.bad() || !in.eof())
      throw base::Error(base::ErrorCode::io, "cannot read " + base::quote(path(file.name)),
                        "give whoever checks it the right to read the whole folder");
    if (bytes != file.bytes || digest.finish() != file.sha256)
      evidence_altered(file.name + " is not as it was written");
  }

  void check_incidents() {
    std::ifstream in(path("incidents.jsonl"), std::ios::binary);
    std::string line;
    for (int at = 1; next_line(in, line); ++at) {
      const auto receipt = verify_receipt(line + '\n', key_);
      if (receipt.verdict != LogVerdict::intact)
        evidence_altered("incidents.jsonl, line " + std::to_string(at) + ": " + receipt.problem.value_or(""));
    }
  }

  std::string folder_;
  const VerifierKey& key_;
  Verification& result_;
  Manifest manifest_;
};

}  // namespace

Verification verify_bundle(const std::string& folder, const VerifierKey& key) {
  return verify_evidence([&](Verification& result) { Bundle(folder, key, result).check(); });
}

}  // namespace authctl::audit
