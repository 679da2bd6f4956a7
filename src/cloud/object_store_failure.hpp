// A store's refusals, in the user's terms.
#pragma once

#include <chrono>
#include <string>

#include "cloud/credentials.hpp"
#include "cloud/http.hpp"
#include "cloud/object_store.hpp"
#include "cloud/object_store_place.hpp"

namespace imgport {

enum class StoreRequest { head, begin, send_part, list_parts, complete, abort, list_uploads };

// What was asked, of whom, as whom.
struct StoreQuestion {
    StoreRequest request = StoreRequest::head;
    StoreDialect dialect = StoreDialect::oss;
    std::string object;  // "oss://BUCKET/KEY", for messages
    StorePlace place = {};
    std::string key_origin = {};  // where the access key comes from
    std::string secret = {};      // what no message may have in it
    std::string token = {};
};

// What a reply other than success means; or one of success with an error in it, as S3 answers a long completion.
StoreFailure refusal(const StoreQuestion &question, const HttpReply &reply, std::chrono::system_clock::time_point now);

// The reply was a success and not to be understood.
StoreFailure not_understood(const StoreQuestion &question, const HttpReply &reply, Error error);

// No reply came.
StoreFailure no_reply(const StoreQuestion &question, HttpFailure failure);

}  // namespace imgport
