// How an object is cut into parts.
#pragma once

#include <cstdint>

#include <imgport/error.hpp>

#include "cloud/object_store.hpp"

namespace imgport {

// Of an object, whatever the store.
inline constexpr std::uint64_t most_parts = 10'000;

struct PartPlan {
    std::uint64_t size = 0;       // of the object, bytes, not 0
    std::uint64_t part_size = 0;  // of all parts but the last

    std::uint32_t count() const { return static_cast<std::uint32_t>((size + part_size - 1) / part_size); }
    // Parts are numbered from 1.
    std::uint64_t offset(std::uint32_t number) const { return (number - 1) * part_size; }
    std::uint64_t length(std::uint32_t number) const { return number < count() ? part_size : size - offset(number); }
};

// An error (usage) where the store takes no parts of this size.
Result<void> check_part_size(std::uint64_t wanted, StoreDialect dialect);

// `wanted`: the part size that the user asked for, 0: none. An error (usage) where 10,000 parts do not suffice, or the
// store takes no such parts.
Result<PartPlan> plan_parts(std::uint64_t size, std::uint64_t wanted, StoreDialect dialect);

}  // namespace imgport
