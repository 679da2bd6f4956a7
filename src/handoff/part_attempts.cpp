#include "handoff/part_attempts.hpp"

#include <fmt/format.h>

namespace imgport {
namespace {

constexpr unsigned most_wrong = 4;
constexpr const char *arrived_wrong_code = "ArrivedWrong";

}  // namespace

StoreFailure local_failure(Error error)
{
    return {.error = std::move(error)};
}

StoreFailure arrived_wrong(std::uint32_t number)
{
    return {
        .error = {ErrorCode::remote,
                  fmt::format("part {} did not arrive as it was sent: its checksum at the store is another", number),
                  {},
                  {},
                  {},
                  "something on the way changes data: a proxy, a network card"},
        .retry = true,
        .code = arrived_wrong_code};
}

std::optional<std::chrono::milliseconds> PartAttempts::after(const StoreFailure &failure)
{
    ++m_failures;
    bool const wrong = failure.code == arrived_wrong_code;
    m_wrong += wrong ? 1 : 0;
    if (!failure.retry || (wrong ? m_wrong >= most_wrong : m_failures - m_wrong >= m_policy.attempts))
        return std::nullopt;
    return wait_before(m_failures, m_policy, failure.wait);
}

}  // namespace imgport
