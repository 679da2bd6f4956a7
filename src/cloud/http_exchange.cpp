#include "cloud/http_exchange.hpp"

#include <algorithm>
#include <cstdio>

#include <fmt/format.h>

#include <imgport/progress.hpp>

#include "cloud/http_failure.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr std::size_t header_limit = std::size_t{256} << 10;

Exchange &exchange_of(void *pointer)
{
    return *static_cast<Exchange *>(pointer);
}

std::size_t on_read(char *to, std::size_t size, std::size_t count, void *exchange)
{
    return exchange_of(exchange).read_body(std::as_writable_bytes(std::span(to, size * count)));
}

int on_seek(void *exchange, curl_off_t offset, int origin)
{
    bool const front = offset == 0 && origin == SEEK_SET;
    return front && exchange_of(exchange).rewind_body() ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL;
}

std::size_t on_write(char *from, std::size_t size, std::size_t count, void *exchange)
{
    return exchange_of(exchange).take_reply({from, size * count}) ? size * count : 0;
}

std::size_t on_header(char *from, std::size_t size, std::size_t count, void *exchange)
{
    return exchange_of(exchange).take_header({from, size * count}) ? size * count : 0;
}

int on_progress(void *, curl_off_t, curl_off_t, curl_off_t, curl_off_t)
{
    return interrupted() ? 1 : 0;
}

}  // namespace

void Exchange::attach(CURL *handle)
{
    set_option(handle, CURLOPT_READFUNCTION, on_read);
    set_option(handle, CURLOPT_READDATA, this);
    set_option(handle, CURLOPT_SEEKFUNCTION, on_seek);
    set_option(handle, CURLOPT_SEEKDATA, this);
    set_option(handle, CURLOPT_WRITEFUNCTION, on_write);
    set_option(handle, CURLOPT_WRITEDATA, this);
    set_option(handle, CURLOPT_HEADERFUNCTION, on_header);
    set_option(handle, CURLOPT_HEADERDATA, this);
    set_option(handle, CURLOPT_XFERINFOFUNCTION, on_progress);
    set_option(handle, CURLOPT_NOPROGRESS, 0L);
}

std::size_t Exchange::read_body(std::span<std::byte> into)
{
    std::uint64_t const left = request.body->size() - std::min(sent, request.body->size());
    into = into.first(static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), left)));
    if (into.empty())
        return 0;
    auto const got = request.body->read(into);
    if (got && *got > 0 && *got <= into.size()) {
        sent += *got;
        return *got;
    }
    own_error = got ? Error{ErrorCode::environment, "the data to be sent ended early"} : got.error();
    return CURL_READFUNC_ABORT;
}

bool Exchange::rewind_body()
{
    sent = 0;
    if (request.body == nullptr)
        return true;
    auto const done = request.body->rewind();
    if (!done)
        own_error = done.error();
    return done.has_value();
}

bool Exchange::take_reply(std::string_view bytes)
{
    if (reply.body.size() + bytes.size() > request.reply_limit) {
        own_error = Error{ErrorCode::remote, fmt::format("the reply of {} is longer than {} bytes",
                                                         origin_of(request.url), request.reply_limit)};
        return false;
    }
    reply.body.append(bytes);
    return true;
}

bool Exchange::take_header(std::string_view line)
{
    header_bytes += line.size();
    if (header_bytes > header_limit) {
        own_error = Error{ErrorCode::remote, fmt::format("the headers of the reply of {} are longer than {} bytes",
                                                         origin_of(request.url), header_limit)};
        return false;
    }
    if (line.starts_with("HTTP/")) {
        reply.headers.clear();  // those of "100 Continue"
        return true;
    }
    if (auto const colon = line.find(':'); colon != std::string_view::npos)
        reply.headers.emplace_back(to_lower(trim(line.substr(0, colon))), trim(line.substr(colon + 1)));
    return true;
}

}  // namespace imgport
