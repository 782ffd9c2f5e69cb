#include "core/audit/block_stream.h"

#include <algorithm>

namespace authctl::audit {
namespace {

// The first page serves a short list; a long one takes larger ones.
constexpr std::int64_t first_page_rows = 32, most_page_rows = 512;

// A page of rows (block, bits) from some block downwards; each kind of stream has its statement.
class Paged : public BlockStream {
 public:
  std::optional<BlockBits> at_most(std::int64_t block) override {
    while (at_ < page_.size() && page_[at_].block > block) ++at_;
    if (at_ == page_.size() && !ended_) {
      page_.clear();
      at_ = 0;
      read_page(block, rows_, page_);
      ended_ = std::ssize(page_) < rows_;
      rows_ = std::min(rows_ * 2, most_page_rows);
    }
    return at_ < page_.size() ? std::optional(page_[at_]) : std::nullopt;
  }

 private:
  virtual void read_page(std::int64_t from, std::int64_t limit, std::vector<BlockBits>& page) = 0;
  std::int64_t rows_ = first_page_rows;
  std::vector<BlockBits> page_;
  std::size_t at_ = 0;
  bool ended_ = false;
};

class OfValue final : public Paged {
 public:
  OfValue(store::Database& db, Facet facet, std::string value)
      : db_(db), facet_(facet), value_(std::move(value)) {}

 private:
  void read_page(std::int64_t from, std::int64_t limit, std::vector<BlockBits>& page) override {
    const auto rows = db_.query(
        "SELECT block, entries FROM audit_index WHERE facet = $1 AND value = $2 AND block <= $3 "
        "ORDER BY block DESC LIMIT $4",
        {static_cast<std::int64_t>(facet_), value_, from, limit});
    while (rows->next()) page.push_back({rows->integer(0), static_cast<std::uint64_t>(rows->integer(1))});
  }
  store::Database& db_;
  Facet facet_;
  std::string value_;
};

class OfTimes final : public Paged {
 public:
  OfTimes(store::Database& db, std::int64_t since, std::int64_t until)
      : db_(db), since_(since), until_(until) {}

 private:
  void read_page(std::int64_t from, std::int64_t limit, std::vector<BlockBits>& page) override {
    const auto rows = db_.query(
        "SELECT block FROM audit_block WHERE block <= $1 AND max_time >= $2 AND min_time < $3 "
        "ORDER BY block DESC LIMIT $4",
        {from, since_, until_, limit});
    while (rows->next()) page.push_back({rows->integer(0), ~std::uint64_t{0}});
  }
  store::Database& db_;
  std::int64_t since_, until_;
};

class AnyOf final : public BlockStream {
 public:
  explicit AnyOf(std::vector<Blocks> streams) : streams_(std::move(streams)) {}

  std::optional<BlockBits> at_most(std::int64_t block) override {
    std::optional<BlockBits> newest;
    for (const auto& stream : streams_) {
      const auto found = stream->at_most(block);
      if (!found) continue;
      if (!newest || found->block > newest->block)
        newest = found;
      else if (found->block == newest->block)
        newest->bits |= found->bits;
    }
    return newest;
  }

 private:
  std::vector<Blocks> streams_;
};

class AllOf final : public BlockStream {
 public:
  explicit AllOf(std::vector<Blocks> streams) : streams_(std::move(streams)) {}

  std::optional<BlockBits> at_most(std::int64_t block) override {
    for (BlockBits common{block, ~std::uint64_t{0}};;) {
      bool agreed = true;
      for (const auto& stream : streams_) {
        const auto found = stream->at_most(common.block);
        if (!found) return std::nullopt;
        if (found->block < common.block) {
          common = {found->block, ~std::uint64_t{0}};
          agreed = false;
          break;
        }
        common.bits &= found->bits;
      }
      if (agreed && common.bits != 0) return common;
      if (agreed) common = {common.block - 1, ~std::uint64_t{0}};
    }
  }

 private:
  std::vector<Blocks> streams_;
};

}  // namespace

Blocks blocks_with(store::Database& db, Facet facet, std::string value) {
  return std::make_unique<OfValue>(db, facet, std::move(value));
}
Blocks blocks_between(store::Database& db, std::int64_t since, std::int64_t until) {
  return std::make_unique<OfTimes>(db, since, until);
}
Blocks any_of(std::vector<Blocks> streams) {
  return streams.size() == 1 ? std::move(streams.front()) : std::make_unique<AnyOf>(std::move(streams));
}
Blocks all_of(std::vector<Blocks> streams) {
  return streams.size() == 1 ? std::move(streams.front()) : std::make_unique<AllOf>(std::move(streams));
}

}  // namespace authctl::audit
