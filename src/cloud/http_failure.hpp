// What libcurl's failures mean to the user, and whether trying again makes sense.
#pragma once

#include <string>

#include <curl/curl.h>

#include "cloud/http.hpp"

namespace imgport {

struct CurlOutcome {
    CURLcode code = CURLE_OK;
    std::string words = {};    // libcurl's own, from its error buffer
    long os_error = 0;         // errno of the connection, 0: none
    long verify_result = 0;    // X509_V_..., 0: none
    long proxy_status = 0;     // the proxy's reply to CONNECT, 0: none
    bool connected = false;    // the request was on its way
    std::string ca_file = {};  // what certificates are checked with, where the user named it
};

HttpFailure failure_of(const HttpRequest &request, const CurlOutcome &outcome);

// "https://HOST:PORT" of an address: what may be shown of it. The query may hold a signature.
std::string origin_of(std::string_view url);

}  // namespace imgport
