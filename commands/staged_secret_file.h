// Where new secrets go in a command that is run again after it was killed. Until the change is committed they
// lie beside their place, in FILE.STORE.partial (0600, held by a lock), and then get the place. Invariant:
// what is in force is never written over and never taken away, wherever a run was killed:
//   before it was written        nothing is there
//   before the commit            what is there opens nothing: the next run writes over it
//   after the commit             what is there is in force: the next run gives it its place
#pragma once
#include "commands/secret_file.h"
#include "core/base/whole_file.h"

namespace authctl::commands {

class StagedSecretFile {
 public:
  // `store_id`: another store knows nothing of what is in force here. Error conflict where another process is
  // at it.
  StagedSecretFile(const SecretFile& file, std::string_view store_id);
  StagedSecretFile(const StagedSecretFile&) = delete;
  StagedSecretFile& operator=(const StagedSecretFile&) = delete;
  // Takes away what never got its place, unless it may be in force.
  ~StagedSecretFile();

  static std::string staged_name(const std::string& path, std::string_view store_id);
  const std::string& name() const { return staged_; }
  // What a run that was killed left; empty where there is nothing. It stays until write() or publish().
  const base::Secret& left_over() const { return left_over_; }
  // On disk before it returns.
  void write(std::string_view text);
  // The change failed, or nobody knows whether it did: then it stays for the next run to judge.
  void keep() { worthless_ = false; }
  // The change is committed, or what was left over is in force. Error conflict, which says where it lies,
  // where somebody has taken the place meanwhile.
  void publish();
  // What was left over opens nothing.
  void discard() { worthless_ = true; }

 private:
  std::string staged_;
  base::WholeFile file_;
  base::Secret left_over_;
  bool worthless_ = true;
};

}  // namespace authctl::commands
