// What Streamlit's components v2 call; a page of its own calls it with the same four names.
const maps = new WeakMap();

export default function (component) {
  const { parentElement, data, setStateValue, setTriggerValue } = component;
  if (!maps.has(parentElement)) {
    const place = parentElement.querySelector(".pm-place") ?? parentElement;
    maps.set(parentElement, new PointMap(place));
  }
  const map = maps.get(parentElement);
  map.update(data, setStateValue, setTriggerValue);
  return () => {
    map.stop();
    maps.delete(parentElement);
  };
}
