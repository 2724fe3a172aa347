#pragma once
#include "traits.h"

// How a step of attention is computed here; null where llama.cpp's own way is taken. For processors with AVX-512 alone.
ggml::cpu::tensor_traits * ingot_attention(const ggml_tensor * op);
