// One request on its way through libcurl, which calls back for what it sends and with what it gets.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include <curl/curl.h>

#include "cloud/http.hpp"

namespace imgport {

template <class T>
void set_option(CURL *handle, CURLoption option, T value)
{
    curl_easy_setopt(handle, option, value);
}

// What is wrong on our side ends the request, and is kept in own_error.
struct Exchange {
    const HttpRequest &request;
    HttpReply reply = {};
    std::optional<Error> own_error = {};  // the body's, or that the reply is too long
    std::uint64_t sent = 0;
    std::size_t header_bytes = 0;

    // Makes `handle` call back; the exchange must stay where it is until the request is over.
    void attach(CURL *handle);

    std::size_t read_body(std::span<std::byte> into);
    bool rewind_body();
    bool take_reply(std::string_view bytes);
    bool take_header(std::string_view line);
};

}  // namespace imgport
