import { type InfiniteData, type QueryClient, useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, send } from "@/api/client";
import { useT } from "@/i18n";
import type { Call } from "@/parts/calls";
import { useErrorText } from "@/parts/ErrorState";
import { toast } from "@/shell/toasts";
import { bringBack, deleteSoon, useDeleted } from "./deleting";
import type { Picture, PictureList } from "./types";

/** Which pictures are shown. */
export type Shelf = { query: string; favourite: boolean };
export const EVERYTHING: Shelf = { query: "", favourite: false };

const PAGE = 60;

/** Pictures, newest first, page by page; those that are about to be deleted left out. */
export function useGallery(shelf: Shelf) {
  const deleted = useDeleted();
  const pages = useInfiniteQuery({
    queryKey: ["gallery", "list", shelf],
    queryFn: ({ pageParam, signal }) => {
      const q = encodeURIComponent(shelf.query);
      return api.get<PictureList>(`/v1/gallery?limit=${PAGE}${shelf.query && `&q=${q}`}${shelf.favourite ? "&favourite=true" : ""}${pageParam && `&after=${pageParam}`}`, { signal });
    },
    initialPageParam: "",
    getNextPageParam: (page) => (page.has_more ? page.last_id : null),
  });
  return { ...pages, pictures: pages.data?.pages.flatMap((page) => page.data).filter((one) => !deleted.has(one.id)) ?? [] };
}

export function usePicture(id: string | undefined) {
  return useQuery({
    queryKey: ["gallery", "picture", id],
    queryFn: ({ signal }) => api.get<Picture>(`/v1/gallery/${id}`, { signal }),
    enabled: id !== undefined,
  });
}

export function pictureOf(memory: QueryClient, id: string): Promise<Picture> {
  return memory.fetchQuery({ queryKey: ["gallery", "picture", id], queryFn: ({ signal }) => api.get<Picture>(`/v1/gallery/${id}`, { signal }) });
}

/** The pictures of one request. */
export function useStep(step: string | null | undefined) {
  return useRelated("step", step);
}

/** What was made from a picture. */
export function useChildren(parent: string | undefined) {
  return useRelated("parent", parent);
}

function useRelated(relation: "step" | "parent", of: string | null | undefined) {
  const deleted = useDeleted();
  const { data } = useQuery({
    queryKey: ["gallery", relation, of],
    queryFn: ({ signal }) => api.get<PictureList>(`/v1/gallery?limit=100&${relation}=${of}`, { signal }),
    enabled: Boolean(of),
  });
  return data?.data.filter((one) => !deleted.has(one.id)).toReversed() ?? [];
}

/** The request that made a picture. */
export function useRequest(picture: Picture) {
  return useQuery({
    queryKey: ["gallery", "request", picture.id],
    queryFn: ({ signal }) => api.get<Call>(`/v1/gallery/${picture.id}/request`, { signal }),
    enabled: picture.kind !== "upload",
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/** As `pleiade image verify --json` tells it. */
export type Provenance = {
  good: boolean;
  signed: boolean;
  holds: boolean;
  unchanged: boolean;
  ours: boolean;
  signer: string;
  generator: string;
  claim: { model: string; prompt?: string; seed?: number | null; created?: number; organisation_name?: string; edited?: boolean } | null;
  problems: string[];
};

/** What the signature in a picture says. */
export function useProvenance(picture: Picture) {
  return useQuery({
    queryKey: ["gallery", "provenance", picture.id],
    queryFn: ({ signal }) => api.get<Provenance>(`/v1/gallery/${picture.id}/provenance`, { signal }),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/** A picture's file, as it was made. Throws ApiError. */
export async function fileOfPicture(picture: Picture): Promise<Blob> {
  const answer = await send("GET", `/v1/gallery/${picture.id}/content`, undefined, { headers: { accept: "image/*" } });
  return answer.blob();
}

/** Where a picture can be seen `width` pixels wide. */
export function addressOf(picture: Pick<Picture, "id">, width?: number): string {
  return `/v1/gallery/${picture.id}/content${width ? `?width=${width}` : ""}`;
}

/** What can be done with a picture from anywhere: shown at once, taken back where the server refuses. */
export function usePictureChanges() {
  const t = useT();
  const memory = useQueryClient();
  const errorText = useErrorText();
  const complain = (error: unknown) => toast({ text: errorText(error), bad: true });

  const change = async (picture: Picture, changes: Partial<Pick<Picture, "favourite" | "title">>): Promise<void> => {
    replace(memory, { ...picture, ...changes });
    try {
      await api.post<Picture>(`/v1/gallery/${picture.id}`, changes);
    } catch (error) {
      replace(memory, picture);
      complain(error);
    }
    void memory.invalidateQueries({ queryKey: ["gallery", "list"] });
  };
  const forget = (picture: Picture): void => {
    deleteSoon(picture.id, () => refreshGallery(memory), complain);
    toast({ text: t("studio.deleted"), undo: () => bringBack(picture.id) });
  };
  const upload = async (file: File): Promise<Picture | null> => {
    const form = new FormData();
    form.append("file", file);
    try {
      const picture = await api.post<Picture>("/v1/gallery", form);
      refreshGallery(memory);
      return picture;
    } catch (error) {
      complain(error);
      return null;
    }
  };
  return { change, forget, upload };
}

function replace(memory: QueryClient, picture: Picture): void {
  const replaced = (list: PictureList) => ({ ...list, data: list.data.map((one) => (one.id === picture.id ? picture : one)) });
  memory.setQueryData(["gallery", "picture", picture.id], picture);
  memory.setQueriesData<InfiniteData<PictureList>>({ queryKey: ["gallery", "list"] }, (found) => found && { ...found, pages: found.pages.map(replaced) });
  for (const relation of ["step", "parent"]) {
    memory.setQueriesData<PictureList>({ queryKey: ["gallery", relation] }, (found) => found && replaced(found));
  }
}

export function refreshGallery(memory: QueryClient): void {
  for (const what of ["list", "step", "parent"]) void memory.invalidateQueries({ queryKey: ["gallery", what] });
}
