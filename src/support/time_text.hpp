// Points in time as text: UTC, to the second, in no locale's words.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace imgport {

// "2026-01-01T00:00:00Z" (ISO 8601)
std::string iso_time(std::chrono::sys_seconds when);
std::string iso_time(std::chrono::system_clock::time_point when);
// "Thu, 01 Jan 2026 00:00:00 GMT" (RFC 9110)
std::string http_date(std::chrono::system_clock::time_point when);

// What SOURCE_DATE_EPOCH says that it is now; nothing where it is not set, or names no time up to the year 9999.
std::optional<std::chrono::sys_seconds> source_date();

}  // namespace imgport
