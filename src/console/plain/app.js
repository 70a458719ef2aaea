// SPDX-License-Identifier: Apache-2.0
document.querySelector("h1").textContent += " at " + location.host;
