#include "handoff/part_plan.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "support/bytes.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;
constexpr std::uint64_t largest_part = 5 * 1024 * mebibyte;
// Small enough that sending one again costs little, large enough that a connection gets up to speed: 156 GiB fit.
constexpr std::uint64_t usual_part = 16 * mebibyte;

constexpr std::uint64_t smallest_part(StoreDialect dialect)
{
    return dialect == StoreDialect::oss ? 100 * 1024 : 5 * mebibyte;
}

}  // namespace

Result<void> check_part_size(std::uint64_t wanted, StoreDialect dialect)
{
    std::uint64_t const least = smallest_part(dialect);
    if (wanted >= least && wanted <= largest_part)
        return {};
    return fail({ErrorCode::usage,
                 fmt::format("parts of {} are asked for; they may have {} to {} bytes", wanted, least, largest_part),
                 {},
                 {},
                 "--part-size"});
}

Result<PartPlan> plan_parts(std::uint64_t size, std::uint64_t wanted, StoreDialect dialect)
{
    if (size == 0)
        return fail(ErrorCode::malformed, "is empty: there is nothing to upload");
    std::uint64_t const needed = size / most_parts + (size % most_parts != 0 ? 1 : 0);
    if (needed > largest_part)
        return fail(ErrorCode::usage, fmt::format("has {}; an object store takes {} at most", human_size(size),
                                                  human_size(largest_part * most_parts)));
    if (wanted == 0) {
        // Whole mebibytes, as long as they are allowed.
        std::uint64_t const even = std::min(round_up(needed, mebibyte).value_or(needed), largest_part);
        return PartPlan{size, std::max(usual_part, even)};
    }
    if (auto good = check_part_size(wanted, dialect); !good)
        return fail(good.error());
    if (wanted < needed)
        return fail({ErrorCode::usage,
                     fmt::format("parts of {} are asked for; at {} there would be more than {} of them", wanted,
                                 human_size(size), most_parts),
                     {},
                     {},
                     "--part-size",
                     fmt::format("{} bytes at least", needed)});
    return PartPlan{size, wanted};
}

}  // namespace imgport
