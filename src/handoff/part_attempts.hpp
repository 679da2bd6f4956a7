// How often one part is sent, whoever sends it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "cloud/object_store.hpp"
#include "cloud/retry.hpp"

namespace imgport {

// What went wrong here, and not at the store.
StoreFailure local_failure(Error error);
// What was sent is not what the store has.
StoreFailure arrived_wrong(std::uint32_t number);

// Counts the failures of one part. A line that changes what is sent does so rarely; one that does so four times in turn
// does so always, however patient the policy is.
class PartAttempts {
public:
    explicit PartAttempts(const RetryPolicy &policy) : m_policy(policy) {}

    // The wait before the next attempt; nothing: that was the last one.
    std::optional<std::chrono::milliseconds> after(const StoreFailure &failure);

private:
    RetryPolicy m_policy;
    unsigned m_failures = 0;
    unsigned m_wrong = 0;
};

}  // namespace imgport
