// llama.cpp's reading and writing of words, without its exceptions: one that crosses into Rust ends the process.
#include "llama.h"

#include <cstdint>

extern "C" int32_t ingot_tokenize(const llama_vocab * vocab, const char * text, int32_t length, llama_token * tokens, int32_t room,
                                  bool control) {
    try {
        return llama_tokenize(vocab, text, length, tokens, room, false, control);
    } catch (...) {
        return INT32_MIN;
    }
}

extern "C" int32_t ingot_piece(const llama_vocab * vocab, llama_token token, char * bytes, int32_t room) {
    try {
        return llama_token_to_piece(vocab, token, bytes, room, 0, false);
    } catch (...) {
        return INT32_MIN;
    }
}
