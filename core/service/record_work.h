// What is done to one batch of records, on one thread.
#pragma once
#include "core/service/record_stream.h"
#include "core/token/fernet.h"

namespace authctl::service {

class ReencryptBatch final : public BatchWork {
 public:
  ReencryptBatch(token::FernetRing ring, token::RecordLayout layout)
      : ring_(std::move(ring)), layout_(layout) {}
  void run(RecordBatch& batch) override;

 private:
  void rotate(RecordBatch& batch, const RecordBatch::Record& record, base::ByteView iv);
  token::FernetRing ring_;
  token::RecordLayout layout_;
  base::Bytes buffer_;
  std::string token_;
};

class CountBatch final : public BatchWork {
 public:
  CountBatch(token::FernetRing ring, token::RecordLayout layout) : ring_(std::move(ring)), layout_(layout) {}
  void run(RecordBatch& batch) override;

 private:
  token::FernetRing ring_;
  token::RecordLayout layout_;
  base::Bytes buffer_;
};

}  // namespace authctl::service
