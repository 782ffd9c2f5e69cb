#include "core/store/rotation_job.h"

#include "tests/support/catch.h"
#include "tests/support/stores.h"

using namespace authctl;
using store::RotationJobs;

namespace {
base::Timestamp minute(int n) { return base::from_unix_seconds(1'000'000 + 60 * n); }
}  // namespace

TEST_CASE("a re-encryption into a file needs its keys until it is closed") {
  test::Store store(GENERATE(test::each_engine()));
  RotationJobs jobs(store.db());
  jobs.open({"job-1", "/data/new.txt", minute(0), {"old", "new"}});
  for (const char* kid : {"old", "new"}) {
    const auto found = jobs.needing(kid, minute(60 * 24 * 365));
    REQUIRE(found.size() == 1);
    CHECK(found[0].output == "/data/new.txt");
  }
  CHECK(jobs.needing("another", minute(0)).empty());
  REQUIRE(jobs.find_by_output("/data/new.txt"));
  CHECK(jobs.find_by_output("/data/new.txt")->kids.size() == 2);
  jobs.close("job-1");
  CHECK(jobs.needing("old", minute(0)).empty());
  CHECK_FALSE(jobs.find_by_output("/data/new.txt"));
}

TEST_CASE("a re-encryption into a pipe needs its keys only while it says that it lives") {
  test::Store store(GENERATE(test::each_engine()));
  RotationJobs jobs(store.db());
  jobs.open({"job-1", std::nullopt, minute(0), {"old"}});
  CHECK(jobs.needing("old", minute(1)).size() == 1);
  CHECK(jobs.needing("old", minute(3)).empty());
  jobs.touch("job-1", minute(3));
  CHECK(jobs.needing("old", minute(4)).size() == 1);
}

TEST_CASE("a second re-encryption into the same file takes the place of the first") {
  test::Store store(GENERATE(test::each_engine()));
  RotationJobs jobs(store.db());
  jobs.open({"job-1", "/data/new.txt", minute(0), {"old"}});
  jobs.open({"job-2", "/data/new.txt", minute(1), {"new"}});
  CHECK(jobs.needing("old", minute(1)).empty());
  CHECK(jobs.needing("new", minute(1)).size() == 1);
}
