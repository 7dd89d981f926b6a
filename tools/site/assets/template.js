// Opens the resource that the address names: a closed one would stay hidden.
const open = () => {
  const named = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (named?.tagName === "DETAILS") {
    named.open = true;
    named.scrollIntoView();
  }
};
addEventListener("hashchange", open);
open();
