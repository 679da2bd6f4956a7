#include "support/time_text.hpp"

#include <array>
#include <cstdlib>

#include <fmt/format.h>

#include "support/text.hpp"

namespace imgport {
namespace {

struct CivilTime {
    std::chrono::year_month_day date;
    std::chrono::hh_mm_ss<std::chrono::seconds> time;
    unsigned weekday;  // 0: Sunday
};

CivilTime civil(std::chrono::sys_seconds when)
{
    auto const day = std::chrono::floor<std::chrono::days>(when);
    return {std::chrono::year_month_day(day), std::chrono::hh_mm_ss(when - day),
            std::chrono::weekday(day).c_encoding()};
}

}  // namespace

std::string iso_time(std::chrono::sys_seconds when)
{
    auto const at = civil(when);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", int(at.date.year()), unsigned(at.date.month()),
                       unsigned(at.date.day()), at.time.hours().count(), at.time.minutes().count(),
                       at.time.seconds().count());
}

std::string iso_time(std::chrono::system_clock::time_point when)
{
    return iso_time(std::chrono::floor<std::chrono::seconds>(when));
}

std::string http_date(std::chrono::system_clock::time_point when)
{
    constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    auto const at = civil(std::chrono::floor<std::chrono::seconds>(when));
    return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", days[at.weekday], unsigned(at.date.day()),
                       months[unsigned(at.date.month()) - 1], int(at.date.year()), at.time.hours().count(),
                       at.time.minutes().count(), at.time.seconds().count());
}

std::optional<std::chrono::sys_seconds> source_date()
{
    constexpr std::uint64_t last = 253402300799;  // of the year 9999
    const char *const epoch = std::getenv("SOURCE_DATE_EPOCH");
    auto const seconds = epoch != nullptr ? parse_number(epoch) : std::nullopt;
    if (!seconds || *seconds > last)
        return std::nullopt;
    return std::chrono::sys_seconds(std::chrono::seconds(*seconds));
}

}  // namespace imgport
